"""What a pool costs while it is open, in words."""

from typing import Any

import pytest

from qarnot_mcp.qarnot.pools import Pool, Scaling
from qarnot_mcp.tools.pools.policy_text import costs_of, costs_text, policies_of, policy_texts
from qarnot_mcp.tools.pools.schedule import periods_of
from qarnot_mcp.tools.pools.size import PoolSize
from tests.support.qarnot_api import UUID


def words(size: dict[str, int], schedule: str = "always") -> tuple[list[str], str]:
    policies = Scaling.read(PoolSize.model_validate(size).scaling(periods_of(schedule))).policies
    return policy_texts(policies), costs_text(policies)


@pytest.mark.parametrize(
    ("size", "policy", "costs"),
    [
        ({"slots": 1}, "1 slot", "1 slot costs credits, whether tasks run or not. "),
        ({"slots": 4}, "4 slots", "4 slots cost credits, whether tasks run or not. "),
        (
            {"max_slots": 10},
            "0 to 10 slots by queue, an idle one goes after 90 s",
            "It costs credits only while it has tasks, for up to 10 slots; an idle slot is billed 90 s more. ",
        ),
        (
            {"slots": 2, "max_slots": 10, "idle_seconds": 0},
            "2 to 10 slots by queue, an idle one goes after 0 s",
            "2 slots cost credits even without tasks, up to 10 with them. ",
        ),
        ({"slots": 0}, "0 slots", "It has no slots, so it costs nothing until scale_pool gives it some."),
    ],
)
def test_each_kind_of_pool_says_what_it_costs(size: dict[str, int], policy: str, costs: str) -> None:
    texts, said = words(size)
    assert texts == [policy]
    assert said.startswith(costs)
    assert ("No pool closes by itself: close_pool ends the cost." in said) is bool(size.get("slots", 1))


def test_a_schedule_says_when_it_costs() -> None:
    texts, said = words({"slots": 3}, "mon-fri 08:00-18:00")
    assert texts == ["3 slots, mon-fri 08:00-18:00 UTC"]
    assert said.startswith("3 slots cost credits during mon-fri 08:00-18:00 UTC, whether tasks run or not. ")


def pool(**fields: Any) -> Pool:
    return Pool.read({"uuid": UUID, "state": "FullyExecuting", "instanceCount": 2, **fields})


def test_a_pool_with_a_number_of_machines_has_a_policy_in_words() -> None:
    assert policy_texts(policies_of(pool())) == ["2 slots"]


def test_what_a_pool_has_cost_is_told_with_the_price_of_a_machine_hour() -> None:
    assert costs_of(pool(executionTime="10:00:00"), 2.5).endswith(
        "So far it has cost 2.50 euros, 0.25 for each hour of a machine."
    )
    assert costs_of(pool(executionTime="00:01:00"), 0.01).endswith("So far it has cost 0.01 euros.")
    assert costs_of(pool(), None).endswith("Qarnot does not tell what it has cost.")


def test_a_closed_pool_costs_nothing_more() -> None:
    assert costs_of(pool(state="Closed"), 1).startswith("It is closed and costs nothing more. So far it has cost 1.00")
