"""Hardware constraints in plain words, and how the API writes them."""

from typing import Any

import pytest

from qarnot_mcp.tools.hardware import PLAIN
from qarnot_mcp.tools.tasks.new_task import NewTask
from tests.support.arguments import refusal_of

SMALLEST = {"name": "t", "profile": "docker-batch"}


def constraints(given: Any) -> Any:
    return NewTask.model_validate(SMALLEST | {"hardware_constraints": given}).hardware_constraints


def test_the_plain_form_becomes_the_constraints_of_the_api() -> None:
    plain = {"min_cores": 16, "min_ram_gb": 64, "gpu": True, "ssd": True, "machine": "96c-512g"}
    assert constraints(plain) == [
        {"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 16},
        {"discriminator": "MinimumRamHardwareConstraint", "minimumMemoryMB": 64_000},
        {"discriminator": "GpuHardwareConstraint"},
        {"discriminator": "SSDHardwareConstraint"},
        {"discriminator": "SpecificHardwareConstraint", "specificationKey": "96c-512g"},
    ]


def test_false_asks_for_machines_without() -> None:
    kinds = [constraint["discriminator"] for constraint in constraints({"gpu": False, "ssd": False})]
    assert kinds == ["NoGpuHardwareConstraint", "NoSSDHardwareConstraint"]


def test_both_forms_may_stand_in_one_list() -> None:
    ssd = {"discriminator": "SSDHardwareConstraint"}
    assert constraints([ssd, {"max_cores": 8, "gpu": None}]) == [
        ssd,
        {"discriminator": "MaximumCoreHardwareConstraint", "coreCount": 8},
    ]
    assert constraints(ssd) == [ssd]
    assert constraints({}) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"min_core": 1}, "Did you mean min_cores?"),
        ({"speed": 1}, "some of min_cores, max_cores, min_ram_gb"),
        ({"min_cores": "x"}, "min_cores with a whole number above 0"),
        ({"min_cores": 0}, "a number above 0"),
        ({"gpu": 1}, "gpu with true or false"),
        ({"min_ram_gb": True}, "min_ram_gb with a number above 0"),
        ({"machine": " "}, "specificationKey with a text"),
    ],
)
def test_a_wrong_word_or_value_is_refused_with_what_is_valid(given: dict[str, Any], words: str) -> None:
    assert words in refusal_of(NewTask, **SMALLEST, hardware_constraints=given)


def test_every_word_of_the_plain_form_is_taken() -> None:
    given = {
        word: True if row.kind is bool else "x" if word in ("machine", "cpu") else 4 for word, row in PLAIN.items()
    }
    assert len(constraints(given)) == len(PLAIN)
