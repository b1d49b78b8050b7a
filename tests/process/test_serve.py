"""The process: what it does with memory that is free again."""

import platform
import subprocess
import sys

import pytest

from qarnot_mcp.process.serve import GIVE_BACK_SECONDS, give_back, web_server
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.web.app import create_app

FREED_BEFORE_ONE_THAT_STAYS = """
import asyncio, psutil
from qarnot_mcp.process.serve import give_back, keep_heap

keep_heap()
process = psutil.Process()
blocks = [b"x" * 100_000 for _ in range(1_000)]
blocks[:-1] = [b""]
before = process.memory_info().rss
asyncio.run(give_back())
print(before - process.memory_info().rss > 50_000_000)
"""


@pytest.mark.e2e
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_memory_that_is_free_before_a_block_that_stays_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FREED_BEFORE_ONE_THAT_STAYS], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_the_web_server_gives_memory_back_all_the_time() -> None:
    config = web_server(create_app(Settings()), Settings()).config
    assert (config.callback_notify, config.timeout_notify) == (give_back, GIVE_BACK_SECONDS)
