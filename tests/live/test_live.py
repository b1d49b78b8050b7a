"""The live check: `QARNOT_API_KEY=... uv run pytest -m live --live tests/live` asks the real platform.

It costs some cents, takes about a quarter of an hour, removes what it made, and writes `live-report.md`. Without
`--live` only its own test runs, on the sandbox.
"""

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.sandbox.platform.assumptions import Assumptions
from tests.live.checks import ask_all
from tests.live.platform import Platform
from tests.live.questions import ASSUMPTIONS
from tests.live.report import report
from tests.support.serving import serve

KEY = "sandbox-empty-live"
REPORT = Path("live-report.md")


@pytest.mark.live
@pytest.mark.timeout(3600)
async def test_the_platform_does_what_the_sandbox_does(request: pytest.FixtureRequest) -> None:
    key = os.environ.get("QARNOT_API_KEY", "")
    if not request.config.getoption("--live") or not key:
        pytest.skip("needs --live and QARNOT_API_KEY")
    url = os.environ.get("QARNOT_BASE_URL", "https://api.qarnot.com")
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": key}, timeout=60) as http:
        platform = Platform(http, poll_seconds=5, patience_seconds=1500)
        try:
            answers = await ask_all(platform)
        finally:
            left = await platform.remove_all()
    await asyncio.to_thread(REPORT.write_text, report(answers, left, [key, platform.tag]))
    differing = {one.name: answers.get(one.name) for one in ASSUMPTIONS if answers.get(one.name) != one.answer}
    assert not left
    assert not differing, "see live-report.md"


async def test_the_live_check_asks_each_question_of_the_list_and_cleans_up() -> None:
    async with (
        serve(create_sandbox(speed=1000, seed=1)) as url,
        httpx.AsyncClient(base_url=url, headers={"Authorization": KEY}, timeout=30) as http,
    ):
        platform = Platform(http, poll_seconds=0.02, patience_seconds=30)
        answers = await ask_all(platform)
        left = await platform.remove_all()
        assert left == []
        assert (await http.get("/v1/tasks")).json() == []
        assert (await http.get("/v1/jobs")).json() == []
    assert answers == {one.name: one.answer for one in ASSUMPTIONS}
    text = report(answers, left, [KEY, platform.tag])
    assert "**no**" not in text
    assert KEY not in text
    assert "left behind: nothing" in text


def test_a_report_names_what_differs_and_holds_no_secret() -> None:
    answers = {"page_size": "10 of 40", "(about_jobs stopped)": "ReadTimeout", "log_prefix": "me@example.org | key-1"}
    text = report(answers, ["task 1"], ["key-1"])
    assert "| as many as there are | 10 of 40 | **no** |" in text
    assert "me@example.org" not in text
    assert "key-1" not in text
    assert "(about_jobs stopped): ReadTimeout" in text
    assert "not asked" in text


def test_every_switch_of_the_sandbox_is_a_question_of_the_list() -> None:
    assert set(Assumptions.__dataclass_fields__) <= {one.name for one in ASSUMPTIONS}
