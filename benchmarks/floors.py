"""Two further floors: the least server of FastMCP, and Starlette without MCP; and `tools/list` beside the floor."""

from contextlib import AsyncExitStack

from benchmarks.parties import floor, forwarder, ours, upstream
from benchmarks.report import Table, milliseconds, ratio
from benchmarks.requests import ERAS, mcp_request, tool_call
from benchmarks.speed import Turns, cases, take_turns

CALLERS = (1, 16)
TOOLS = ("get_profile", "get_task")


async def measure(seconds: float) -> list[Table]:
    """Measure all of it in turns; `seconds` is one turn of one party."""
    return [await measure_floors(seconds), await measure_lists(seconds)]


async def measure_floors(seconds: float) -> Table:
    """Measure calls beside the two further floors."""
    parties = ("one tool", "forwarder", "ours")
    table = Table(
        "Further floors",
        "Calls per second and CPU milliseconds of a call. `one tool` is the floor with nothing but the tool that is "
        "called, without the hidden list, in plain JSON; `forwarder` is Starlette and httpx without MCP, which answers "
        "both eras alike. Ratios are medians over the rounds: above 1 ours is faster.",
        (
            "era, tool, callers",
            *(f"{party} calls/s" for party in parties),
            "ours / one tool",
            "ours / forwarder",
            *(f"{party} CPU" for party in parties),
            "CPU, ours / forwarder",
        ),
    )
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(upstream(1))
        servers = {
            "forwarder": await stack.enter_async_context(forwarder(api)),
            "ours": await stack.enter_async_context(ours(api)),
        }
        for case in (case for case in cases() if case.tool in TOOLS):
            async with floor(api, cured=True, only=case.tool) as least:
                for era in ERAS:
                    call = {party: [tool_call(era, case.tool, case.arguments)] for party in parties}
                    for callers in CALLERS:
                        turns = await take_turns(servers | {"one tool": least}, call, callers, seconds)
                        table.rows.append(
                            [
                                f"{era}, {case.tool}, {callers}",
                                *_figures(turns, "one tool", "forwarder"),
                                ratio(turns["ours"].cpu, turns["forwarder"].cpu),
                            ]
                        )
    return table


async def measure_lists(seconds: float) -> Table:
    """Measure `tools/list`."""
    parties = ("floor", "ours")
    table = Table(
        "Lists",
        "`tools/list`: calls per second and CPU milliseconds. The eight tools of the floor are described in less than "
        "a tenth of the characters. Ratios are medians over the rounds: above 1 ours is faster.",
        (
            "era, callers",
            *(f"{party} calls/s" for party in parties),
            "ours / floor",
            *(f"{party} CPU" for party in parties),
        ),
    )
    async with upstream(1) as api, floor(api, cured=False) as plain, ours(api) as our_server:
        for era in ERAS:
            request = {party: [mcp_request(era, "tools/list", {})] for party in parties}
            for callers in CALLERS:
                turns = await take_turns({"floor": plain, "ours": our_server}, request, callers, seconds)
                table.rows.append([f"{era}, {callers}", *_figures(turns, "floor")])
    return table


def _figures(turns: dict[str, Turns], *others: str) -> list[str]:
    return [
        *(f"{turn.calls_per_second:.0f}" for turn in turns.values()),
        *(f"{turns['ours'].ratio(turns[other]):.2f}" for other in others),
        *(milliseconds(turn.cpu) for turn in turns.values()),
    ]
