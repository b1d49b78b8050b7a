"""The evals on the command line.

python -m evals list
python -m evals serve NAME [--port N]     a server on a sandbox of its own, until Ctrl-C
python -m evals judge NAME [--port N] [--answer TEXT]
python -m evals run NAME... --model MODEL [--url API]   a model behind an API, whose key the environment holds
python -m evals table                     what the scripted caller needs
"""

import argparse
import asyncio
import sys

from evals import model, scripted
from evals.judging import Verdict, judge
from evals.scenario import Scenario, names
from evals.serving import PORT, Served, serving


async def serve(name: str, port: int) -> int:
    """Serve a scenario until somebody interrupts."""
    scenario = Scenario.read(name)
    async with serving(scenario, Served(port)) as served:
        print(f"request: {scenario.request.strip()}\nserver:  {served.url}\nsandbox: {served.api_url}", flush=True)
        await asyncio.Event().wait()
    return 0


async def judge_running(name: str, port: int, answer: str | None) -> int:
    """Judge what was done on a server that `serve` runs."""
    return show(name, await judge(Scenario.read(name), Served(port), answer))


async def run_model(chosen: list[str], port: int, model_name: str, url: str) -> int:
    """Let a model carry scenarios out, and judge it."""
    status = 0
    for name in chosen or names():
        scenario = Scenario.read(name)
        async with serving(scenario, Served(port)) as served:
            answer = await model.run(scenario.request, served.url, model_name, url)
            status |= show(name, await judge(scenario, served, answer))
    return status


async def table(port: int) -> int:
    """Print what the scripted caller needs for each scenario."""
    print("| scenario | calls | of | characters | of | judged |\n|---|---|---|---|---|---|")
    status = 0
    for name in names():
        scenario = Scenario.read(name)
        async with serving(scenario, Served(port)) as served:
            verdict = await judge(scenario, served, await scripted.run(name, served.url))
        budget, word = scenario.budget, "solved" if verdict.good else "; ".join(verdict.faults)
        row = (name, verdict.calls, budget.calls, f"{verdict.characters:,}", f"{budget.characters:,}", word)
        print(f"| {' | '.join(map(str, row))} |", flush=True)
        status |= not verdict.good
    return status


def show(name: str, verdict: Verdict) -> int:
    """Print a verdict; return 1 where something is wrong."""
    word = "solved" if verdict.good else "not solved"
    print(f"{name}: {verdict.calls} calls, {verdict.characters:,} characters: {word}")
    for fault in verdict.faults:
        print(f"  - {fault}")
    return 0 if verdict.good else 1


def main() -> int:
    """Read the command line and run it."""
    parser = argparse.ArgumentParser(prog="python -m evals")
    parser.add_argument("--port", type=int, default=PORT, help="of the server; its sandbox takes the next one")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    commands.add_parser("table")
    for command in ("serve", "judge"):
        one = commands.add_parser(command)
        one.add_argument("name", choices=names(), metavar="NAME")
        if command == "judge":
            one.add_argument("--answer")
    runner = commands.add_parser("run")
    runner.add_argument("names", nargs="*", metavar="NAME")
    runner.add_argument("--model", required=True)
    runner.add_argument("--url", default=model.API_URL)
    options = parser.parse_args()
    if options.command == "list":
        for name in names():
            print(f"{name}: {' '.join(Scenario.read(name).request.split())}")
        return 0
    if options.command == "serve":
        return asyncio.run(serve(options.name, options.port))
    if options.command == "judge":
        return asyncio.run(judge_running(options.name, options.port, options.answer))
    if options.command == "run":
        return asyncio.run(run_model(options.names, options.port, options.model, options.url))
    return asyncio.run(table(options.port))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
