"""The three pages of the dashboard, in a real browser, on the real server and the sandbox."""

import re

import pytest
from playwright.async_api import expect

from tests.support.running_server import KEY, ended, running_server, submitted
from tests.support.view_host import HostPages, hosting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = "<img src=x onerror=alert(1)>"
MANY_INSTANCES = 1000
MOST_BARS = 200


async def test_the_list_shows_each_task_with_state_progress_and_age(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks")
        row = host.view.get_by_role("row", name="orchard calibration")
        await expect(row).to_contain_text("Failed")
        await expect(row).to_contain_text("docker-batch")
        await expect(row.get_by_role("cell").nth(3)).to_contain_text("4")
        await expect(row).to_contain_text(re.compile(r"\d days? ago"))
        await expect(row).to_contain_text("8m 57s")
        await expect(host.view.get_by_role("heading", name="Tasks")).to_be_visible()


async def test_the_header_tells_credits_and_carbon_where_the_account_is_shown(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1, toolsets="account") as server, hosting(pages, server) as host:
        await host.open("list_tasks")
        said = r"^[\d.,]+ € left · [\d.,]+ g CO₂e this week · [\d.,]+ g saved$"
        await expect(host.view.locator("#account")).to_have_text(re.compile(said))


async def test_the_list_filters_by_text_at_once_and_by_state_and_tag_on_the_server(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks")
        rows = host.view.locator("tbody tr")
        await host.view.get_by_role("searchbox").fill("ORCHARD ingest")
        await expect(rows).to_have_count(2)
        assert host.calls == [] or host.calls[-1][1].get("state") is None
        await host.view.get_by_role("searchbox").fill("")
        await host.view.get_by_role("button", name="Failed").click()
        await expect(rows).to_have_count(3)
        assert host.calls[-1][1]["state"] == "failed"
        await host.view.get_by_role("combobox", name="Tag").fill("orchard")
        await host.view.get_by_role("combobox", name="Tag").press("Enter")
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("calibration")
        await host.view.get_by_role("searchbox").fill("nothing is called so")
        await host.view.get_by_role("button", name="Clear the filters").click()
        await expect(rows).to_have_count(13)


async def test_the_list_keeps_the_filters_of_the_call_that_opened_it(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", {"tags": ["seawall"], "state": "finished"})
        await expect(host.view.get_by_role("combobox", name="Tag")).to_have_value("seawall")
        await expect(host.view.get_by_role("button", name="Finished")).to_have_attribute("aria-pressed", "true")
        await host.view.get_by_role("button", name="Refresh").click()
        await expect(host.view.locator("tbody tr")).to_have_count(5)
        assert host.calls[-1] == ("list_tasks", {"tags": ["seawall"], "state": "finished", "limit": 50})


async def test_the_list_is_newest_first_and_sorts_by_a_column_both_ways(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks")
        first = host.view.locator("tbody tr").first
        await expect(first).to_contain_text("orchard training next")
        await host.view.get_by_role("button", name="Name").click()
        await expect(first).to_contain_text("hello")
        await host.view.get_by_role("button", name="Name").click()
        await expect(first).to_contain_text("seawall teaser")
        await expect(host.view.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")


async def test_pages_follow_the_cursor(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", {"limit": 5, "state": "finished"})
        await expect(host.view.locator("tbody tr")).to_have_count(5)
        await host.view.get_by_role("button", name="Show more").click()
        await expect(host.view.locator("tbody tr")).to_have_count(10)
        await expect(host.view.get_by_role("button", name="Show more")).to_have_count(0)
        await host.view.get_by_role("button", name="Refresh").click()
        await expect(host.view.locator("tbody tr")).to_have_count(10)


async def test_a_task_moves_from_queued_to_success_by_itself(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, "sh -c 'echo hi; sleep 20'", name="moving", instance_count=3)
        await host.open("get_task", {"task_uuid": uuid})
        chip = host.view.locator(".task-title .chip")
        await expect(chip).to_have_text(re.compile("Queued|Booting"))
        await expect(host.view.locator(".liveness")).to_have_text("Live")
        await host.run_until(chip, "Success")
        await expect(host.view.locator(".liveness")).to_have_text("Up to date")
        await expect(host.view.get_by_role("status")).to_have_text("moving: Success")
        await expect(host.view.locator("ol.legend")).to_contain_text("Booting")
        await expect(host.view.get_by_role("heading", name="3 instances")).to_contain_text("3 done")
        await expect(host.view.get_by_role("heading", name="Energy")).to_be_visible()


async def test_a_failed_task_says_why_and_leads_to_the_log_of_the_failed_instance(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks")
        await host.view.get_by_role("button", name="orchard calibration").click()
        await expect(host.view.get_by_role("heading", name="orchard calibration")).to_be_focused()
        await expect(host.view.get_by_text("Instance 2 failed.")).to_be_visible()
        await host.view.get_by_role("button", name="Log of instance 2").click()
        await expect(host.view.get_by_role("button", name="stderr")).to_have_attribute("aria-pressed", "true")
        log = host.view.get_by_role("log")
        await expect(log).to_contain_text("could not convert string to float")
        await expect(host.view.get_by_role("combobox", name="Instance")).to_have_value("2")
        await host.view.get_by_role("button", name="orchard calibration").click()
        await host.view.get_by_role("button", name="Tasks").click()
        await expect(host.view.get_by_role("button", name="orchard calibration")).to_be_focused()


async def test_instances_are_bars_with_times_and_what_they_use(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", {"state": "active"})
        await host.view.get_by_role("button", name="seawall flow").click()
        bars = host.view.locator(".bars li")
        await expect(bars).to_have_count(6)
        await expect(bars.first).to_contain_text("CPU")
        await expect(bars.first).to_contain_text("GB")
        label = re.compile("Instance 0, Running, .*CPU")
        await expect(bars.first.get_by_role("button")).to_have_attribute("aria-label", label)
        run = await bars.first.locator(".run").bounding_box()
        track = await bars.first.locator(".track").bounding_box()
        assert run is not None
        assert track is not None
        assert run["x"] + run["width"] == pytest.approx(track["x"] + track["width"], abs=2)
        assert 0.5 * track["width"] < run["width"] < track["width"]


async def test_a_thousand_instances_draw_two_hundred_bars_and_sum_the_rest(pages: HostPages) -> None:
    async with running_server(key=KEY) as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, "echo hi", name="many", instance_count=MANY_INSTANCES)
        await ended(host.client, uuid)
        await host.open("get_task", {"task_uuid": uuid})
        await expect(host.view.locator(".bars li")).to_have_count(MOST_BARS)
        await expect(host.view.get_by_text("800 more not drawn")).to_be_visible()
        await expect(host.view.get_by_role("heading", name="1,000 instances")).to_be_visible()


async def test_secrets_stay_masked(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        constants = [{"key": "DOCKER_CMD", "value": "echo hi"}, {"key": "DB_PASSWORD", "value": "hunter-two"}]
        uuid = await submitted(host.client, name="secretive", constants=constants)
        await host.open("get_task", {"task_uuid": uuid})
        secret = host.view.locator(".constants div", has_text="DB_PASSWORD")
        await expect(secret.locator("dd")).to_have_text("[hidden]")


async def test_text_of_strangers_is_shown_as_text(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        uuid = await submitted(
            host.client, f"echo '{HOSTILE}'", name=HOSTILE, tags=[HOSTILE], labels={HOSTILE: HOSTILE}
        )
        await ended(host.client, uuid)
        await host.open("list_tasks", {"tags": [HOSTILE]})
        await host.view.get_by_role("button", name=HOSTILE).click()
        await expect(host.view.get_by_role("heading", name=HOSTILE)).to_be_visible()
        await host.view.get_by_role("button", name="Log", exact=True).click()
        await expect(host.view.get_by_role("log")).to_contain_text(HOSTILE)
        await expect(host.view.locator("img")).to_have_count(0)


async def test_no_element_is_made_of_what_a_server_sends(pages: HostPages) -> None:
    attributes = {"onclick": "window.ran = 1", "onerror": "window.ran = 1", "src": "x"}
    element = {"name": "img", "tag": "img", "attributes": attributes, "children": []}
    task = {
        "uuid": element,
        "name": element,
        "state": "Failure",
        "profile": attributes,
        "tags": [element],
        "instances": {"total": 1, "waiting": 0, "failed": 1},
        "times": {"created": "2026-11-01T00:00:00Z", "wall_seconds": 60},
        "failure": {"summary": attributes, "hint": element, "groups": []},
        "constants": {"A": element},
    }
    async with running_server() as server, hosting(pages, server) as host:
        await host.open("get_task", capabilities={}, result={"content": [], "structuredContent": task})
        await expect(host.view.get_by_role("heading", name="Why it failed")).to_be_visible()
        await host.view.locator(".failure p").first.dispatch_event("click")
        await expect(host.view.locator("img, [onclick], [onerror]")).to_have_count(0)
        assert await host.view.locator("html").evaluate("() => window.ran") is None


async def test_the_log_follows_while_the_task_runs_unless_the_reader_scrolls_up(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, "sh -c 'seq 1 200; sleep 3000; echo the end'", name="talking")
        await host.open("get_task_logs", {"task_uuid": uuid})
        log = host.view.get_by_role("log")
        await host.run_until(log, "200")
        await expect(log.locator(".line").last).to_be_in_viewport()
        await host.view.locator("html").evaluate("() => scrollTo(0, 0)")
        await expect(host.view.get_by_text("Following paused")).to_be_visible()
        await server.advance(3000)
        await host.run_until(log, "the end")
        assert await host.view.locator("html").evaluate("() => scrollY") == 0
        await host.view.get_by_role("button", name="To the end").click()
        await expect(log.locator(".line").last).to_be_in_viewport()
        numbers = await log.locator(".gutter").evaluate_all("all => all.map(one => Number(one.dataset.number))")
        assert numbers == list(range(1, len(numbers) + 1))


async def test_earlier_lines_come_before_those_that_are_shown(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, "seq 1 1200", name="long")
        await ended(host.client, uuid)
        await host.open("get_task_logs", {"task_uuid": uuid})
        lines = host.view.get_by_role("log").locator(".line")
        await expect(lines).to_have_count(500)
        await expect(lines.first).to_have_text("0701")
        await host.view.get_by_role("button", name="Earlier").click()
        await expect(lines).to_have_count(1000)
        await host.view.get_by_role("button", name="Earlier").click()
        await expect(lines).to_have_count(1200)
        await expect(lines.first).to_have_text("01")
        await expect(host.view.get_by_role("button", name="Earlier")).to_have_count(0)


async def test_a_search_marks_hits_and_enter_searches_the_whole_log(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, "sh -c 'echo \"Needle (1)\"; seq 1 900; echo a needle'", name="hay")
        await ended(host.client, uuid)
        await host.open("get_task_logs", {"task_uuid": uuid})
        search = host.view.get_by_role("searchbox")
        await search.fill("needle")
        await expect(host.view.locator("mark")).to_have_text(["needle"])
        await search.press("Enter")
        await expect(host.view.locator("mark")).to_have_text(["Needle", "needle"])
        await expect(host.view.get_by_text("2 lines match")).to_be_visible()
        await search.fill("needle (1)")
        await search.press("Enter")
        await expect(host.view.locator("mark")).to_have_text(["Needle (1)"])
        await host.view.get_by_role("button", name="Back to the log").click()
        await expect(host.view.get_by_role("log").locator(".line")).to_have_count(500)


async def test_each_instance_and_stream_has_its_own_log(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        command = "sh -c 'echo out ${INSTANCE_ID}; echo wrong ${INSTANCE_ID} >&2'"
        uuid = await submitted(host.client, command, name="two", instance_count=2)
        await ended(host.client, uuid)
        await host.open("get_task_logs", {"task_uuid": uuid})
        log = host.view.get_by_role("log")
        await expect(log.locator(".source")).to_have_count(2)
        await host.view.get_by_role("combobox", name="Instance").select_option("1")
        await expect(log.locator(".text")).to_have_text(["out 1"])
        await host.view.get_by_role("button", name="stderr").click()
        await expect(log.locator(".text")).to_have_text(["wrong 1"])
        await expect(host.view.get_by_role("button", name="two")).to_be_visible()
