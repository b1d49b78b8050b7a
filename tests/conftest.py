"""What holds for all tests."""

import gc
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from hypothesis import settings
from jsonschema import Draft202012Validator

from tests.support.command_line import CommandLine
from tests.support.loggers import logging_restored
from tests.support.processes import FORKS_AT, fork_server

if TYPE_CHECKING:
    from playwright.async_api import Browser

STARTS_OF_PROCESSES = {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty"}

# How long an example takes says more about the machine than about the code.
settings.register_profile("usual", deadline=None, max_examples=15)
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

# Where Python is told to write no bytecode, each worker would compile each test and package again, for seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Take more workers than the two cores, as tests wait for sockets, and most where they wait for processes, too."""
    return 3 if config.option.markexpr == "not e2e" else 4


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option without which nothing is asked of the real Qarnot."""
    parser.addoption("--live", action="store_true", help="run tests/live on the real Qarnot, with QARNOT_API_KEY")


def pytest_configure(config: pytest.Config) -> None:
    """Have a fork server for all workers, in the process that starts them."""
    if hasattr(os, "fork") and FORKS_AT not in os.environ:
        until_the_end = ExitStack()
        config.add_cleanup(until_the_end.close)
        os.environ[FORKS_AT] = until_the_end.enter_context(fork_server())
        until_the_end.callback(os.environ.pop, FORKS_AT)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Leave what is collected out of the garbage collector's rounds, and make these rarer: they took a tenth."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 10, 50)
        gc.enable()


class ProcessGuard:
    """Refuses to start processes while a test runs that is not marked `e2e`; it sees all that Python starts."""

    test = ""

    def __call__(self, event: str, _: object) -> None:
        if self.test and event in STARTS_OF_PROCESSES:
            raise AssertionError(f"{self.test} starts a process: mark it with pytest.mark.e2e")


guard = ProcessGuard()
sys.addaudithook(guard)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Guard every test but the end-to-end ones, its fixtures included."""
    guard.test = "" if item.get_closest_marker("e2e") else item.nodeid
    try:
        return (yield)
    finally:
        guard.test = ""


@pytest.fixture(scope="session", autouse=True)
def without_certificates(pytestconfig: pytest.Config) -> Iterator[None]:
    """Trust no certificate, as nothing is encrypted here: each HTTP client would read them all, for 20 ms.

    The context without any is made once, too, as that takes each client a millisecond.
    """
    import httpx
    import httpx2

    with pytest.MonkeyPatch.context() as patch:
        if not pytestconfig.getoption("--live"):
            patch.delenv("SSL_CERT_FILE", raising=False)
            patch.setenv("SSL_CERT_DIR", str(Path(__file__).parent))
            for library in (httpx, httpx2):
                transports = f"{library.__name__}._transports.default"
                patch.setattr(f"{transports}.create_ssl_context", cache(library.create_ssl_context))
        yield


def once_for_each_schema(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that makes what it makes of a schema the first time only."""
    made: dict[str, Any] = {}

    def make_once(schema: Any) -> Any:
        if (text := json.dumps(schema)) not in made:
            made[text] = make(schema)
        return made[text]

    return make_once


@pytest.fixture(scope="session", autouse=True)
def schemas_read_once() -> Iterator[None]:
    """Read each schema of a tool's output once: an MCP client checks it in each session, for 10 ms of all tools.

    FastMCP's client finds the type that it has made of it by a hash of it, for 0.7 ms of each call.
    """
    from fastmcp.client.mixins import tools as client_tools

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Draft202012Validator, "check_schema", once_for_each_schema(Draft202012Validator.check_schema))
        type_of = "json_schema_to_type_adapter"
        patch.setattr(client_tools, type_of, once_for_each_schema(getattr(client_tools, type_of)))
        yield


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> "AsyncIterator[Browser]":
    """One headless Chromium for all tests of this worker; each opens pages or contexts of its own."""
    from tests.support.browser import CHROMIUM, browsing

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (on Debian: apt-get install chromium)")
    async with browsing() as chromium:
        yield chromium


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """Give the loggers back as they were."""
    with logging_restored():
        yield


@pytest.fixture
def command_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    logging_as_it_was: None,
) -> CommandLine:
    """The command line in this process, in a folder without a .env."""
    return CommandLine(tmp_path, monkeypatch, capsys)
