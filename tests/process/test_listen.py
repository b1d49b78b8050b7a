"""The sockets that the server listens on."""

import socket

import pytest

from qarnot_mcp.process.serve import CannotListen, listen
from tests.support.serving import listening, port_of


def free_port() -> int:
    with listening() as listener:
        return port_of(listener)


def test_localhost_means_both_addresses_of_this_machine() -> None:
    port = free_port()
    listeners = listen("localhost", port)
    try:
        addresses = ["127.0.0.1", "::1"] if socket.has_dualstack_ipv6() else ["127.0.0.1"]
        assert [listener.getsockname()[0] for listener in listeners] == addresses
        for address in addresses:
            socket.create_connection((address, port), timeout=5).close()
    finally:
        for listener in listeners:
            listener.close()


def test_an_address_means_itself() -> None:
    (listener,) = listen("127.0.0.1", free_port())
    with listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_leaves_nothing_open() -> None:
    with listening() as taken:
        taken.listen()
        with pytest.raises(CannotListen, match="cannot listen on localhost port"):
            listen("localhost", port_of(taken))
