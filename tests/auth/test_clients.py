import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastmcp.server.auth.cimd import CIMDDocument, CIMDFetchError
from mcp.server.auth.provider import RegistrationError
from mcp.shared.auth import InvalidRedirectUriError, OAuthClientInformationFull
from pydantic import AnyUrl, SecretStr

from qarnot_mcp.auth.oauth.clients import LOCAL_CLIENTS, MAX_NAME_CHARACTERS, ClientDocuments, Clients
from qarnot_mcp.auth.oauth.sealing import Sealer

CLAUDE = "https://claude.ai/api/mcp/auth_callback"
DOCUMENT = "https://claude.ai/oauth/client.json"
OPENED: list[ClientDocuments] = []
SEALER = Sealer([SecretStr("s" * 40)])


def clients(sealer: Sealer = SEALER, **documents: Any) -> Clients:
    async def fetch(address: str) -> CIMDDocument:
        if address != DOCUMENT:
            raise CIMDFetchError("404")
        return CIMDDocument.model_validate({"client_id": DOCUMENT, **documents})

    opened = ClientDocuments(fetch)
    OPENED.append(opened)
    return Clients(sealer, (), opened)


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def registration(**fields: Any) -> OAuthClientInformationFull:
    return OAuthClientInformationFull.model_validate({"client_id": "made by the SDK", **fields})


async def test_a_registered_client_is_found_by_its_id_alone() -> None:
    asked = registration(client_name="Claude", redirect_uris=[CLAUDE])
    clients().register(asked)
    found = await clients().find(asked.client_id)
    assert found is not None
    assert found.client_name == "Claude"
    assert [str(uri) for uri in found.redirect_uris or []] == [CLAUDE]


def test_every_client_is_registered_as_a_public_one() -> None:
    asked = registration(
        redirect_uris=[CLAUDE],
        token_endpoint_auth_method="client_secret_post",
        client_secret="made by the SDK",
        client_secret_expires_at=0,
        scope="offline_access",
    )
    clients().register(asked)
    assert asked.token_endpoint_auth_method == "none"
    assert asked.client_secret is None
    assert asked.client_secret_expires_at is None
    assert asked.scope == "qarnot:read qarnot:write"


def test_callbacks_that_are_not_allowed_are_left_out() -> None:
    asked = registration(redirect_uris=["https://evil.example/", CLAUDE])
    clients().register(asked)
    assert [str(uri) for uri in asked.redirect_uris or []] == [CLAUDE]


@pytest.mark.parametrize(
    ("redirects", "told"),
    [
        (["https://ide.example/callback"], "QARNOT_MCP_ALLOWED_REDIRECTS=https://ide.example/callback"),
        (["http://evil.example/"], "http://evil.example/"),
        (None, "given: none"),
    ],
)
def test_a_client_without_an_allowed_callback_learns_what_to_do(
    redirects: list[str] | None, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(RegistrationError) as caught:
        clients().register(registration(redirect_uris=redirects))
    assert caught.value.error == "invalid_redirect_uri"
    assert told in str(caught.value.error_description)
    assert told in caplog.text


async def test_the_log_says_which_setting_lets_a_client_with_a_document_in(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await clients(redirect_uris=["https://ide.example/callback"]).find(DOCUMENT)
    assert "QARNOT_MCP_ALLOWED_REDIRECTS=https://ide.example/callback" in caplog.text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, "An MCP client"),
        (" \u202e\x1b[31m ", "An MCP client"),
        ("A\nB\u2028C", "A B C"),
        ("x" * 500, "x" * (MAX_NAME_CHARACTERS - 1) + "…"),
    ],
)
def test_the_name_of_a_client_becomes_one_bounded_line(name: str | None, shown: str) -> None:
    asked = registration(client_name=name, redirect_uris=[CLAUDE])
    clients().register(asked)
    assert asked.client_name == shown


async def test_an_id_of_another_server_is_unknown() -> None:
    asked = registration(redirect_uris=[CLAUDE])
    clients(Sealer([SecretStr("t" * 40)])).register(asked)
    assert await clients().find(asked.client_id) is None
    assert await clients().find("x") is None


async def test_a_client_with_a_document_is_known_by_its_address() -> None:
    found = await clients(client_name="Claude", redirect_uris=[CLAUDE, "https://evil.example/"]).find(DOCUMENT)
    assert found is not None
    assert found.client_id == DOCUMENT
    assert [str(uri) for uri in found.redirect_uris or []] == [CLAUDE]


async def test_a_document_that_cannot_be_fetched_makes_no_client(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert await clients().find("https://claude.ai/missing.json") is None
    assert "cannot be read" in caplog.text


async def test_an_address_cannot_forge_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert await clients().find("https://evil.example/\n2026-01-01 INFO all is well\x1b[2J") is None
    assert "\n" not in caplog.messages[0]
    assert "\x1b" not in caplog.messages[0]


async def test_a_client_that_signs_its_requests_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    known = clients(redirect_uris=[CLAUDE], token_endpoint_auth_method="private_key_jwt")
    with caplog.at_level(logging.WARNING):
        assert await known.find(DOCUMENT) is None
    assert "private_key_jwt" in caplog.text


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/client.json",
        "https://[::1]/client.json",
        "https://10.0.0.1/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/client.json",
        "https://user@claude.ai/client.json",
        "https:///client.json",
        "https://[::ffff:10.0.0.1]/client.json",
    ],
)
async def test_no_document_is_fetched_from_the_servers_own_network(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        known = Clients(SEALER)
        assert await known.find(address) is None
        known.close()
    assert "cannot be read" in caplog.text


async def test_a_callback_on_the_own_machine_may_come_with_another_port() -> None:
    found = await clients(redirect_uris=["http://localhost/callback"]).find(DOCUMENT)
    assert found is not None
    asked = AnyUrl("http://localhost:53682/callback")
    assert found.validate_redirect_uri(asked) == asked


async def test_a_missing_callback_is_the_only_registered_one() -> None:
    found = await clients(redirect_uris=[CLAUDE]).find(DOCUMENT)
    assert found is not None
    assert str(found.validate_redirect_uri(None)) == CLAUDE


async def test_a_foreign_or_ambiguous_callback_is_refused() -> None:
    found = await clients(redirect_uris=[CLAUDE, "http://localhost/callback"]).find(DOCUMENT)
    assert found is not None
    with pytest.raises(InvalidRedirectUriError):
        found.validate_redirect_uri(AnyUrl("https://evil.example/"))
    with pytest.raises(InvalidRedirectUriError):
        found.validate_redirect_uri(None)


@pytest.mark.parametrize("document", LOCAL_CLIENTS)
async def test_a_program_on_the_machine_is_known_where_its_document_cannot_be_reached(document: str) -> None:
    found = await clients().find(document)
    assert found is not None
    assert found.client_name == LOCAL_CLIENTS[document]
    asked = AnyUrl("http://localhost:53682/callback")
    assert found.validate_redirect_uri(asked) == asked
    with pytest.raises(InvalidRedirectUriError):
        found.validate_redirect_uri(AnyUrl(CLAUDE))


def test_a_client_that_comes_for_tokens_is_taken_at_its_word() -> None:
    claimed = clients().claimed("https://claude.ai/missing.json")
    assert claimed is not None
    assert claimed.client_id == "https://claude.ai/missing.json"
    assert claimed.redirect_uris == []
    assert clients().claimed("never given out") is None
