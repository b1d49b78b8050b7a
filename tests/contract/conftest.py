"""A sandbox on a socket, served from another thread so that the official SDK, which blocks, can talk to it."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import boto3.session
import pytest

from qarnot_mcp.sandbox.app import create_app
from tests.support.serving import serve


@contextmanager
def _served_in_a_thread() -> Iterator[str]:
    url: Future[str] = Future()
    loop = asyncio.new_event_loop()
    is_over = asyncio.Event()

    async def run() -> None:
        async with serve(create_app(speed=100_000, seed=11)) as base_url:
            url.set_result(base_url)
            await is_over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield url.result(timeout=20)
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """A sandbox in which a hello-world takes two milliseconds."""
    with _served_in_a_thread() as url:
        yield url


@pytest.fixture(scope="module", autouse=True)
def s3_is_read_once() -> Iterator[None]:
    """Share what the SDK makes for each connection: a session of boto3, which reads over a megabyte of JSON of S3."""
    session = boto3.session.Session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boto3.session.Session", lambda: session)
        yield
