"""A request as it travels: its head, on its way to the API, encrypted, and through the proxy of the environment."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from qarnot_mcp import __version__
from qarnot_mcp.qarnot.errors import Unreachable
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.transport import Request, Transport, tls_context

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
SOMETHING = Resource("endpoint", "something")


@asynccontextmanager
async def recorded(encrypted: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that answers everything, its port, and the heads of the requests that it got."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "localhost", 0, ssl=encrypted)
    async with server:
        yield server.sockets[0].getsockname()[1], heads


async def sent(base_url: str, request: Request) -> None:
    async with Transport(base_url, "1") as transport:
        assert (await transport.exchange(request)).body == b"[]"


async def test_a_request_says_what_it_is_and_takes() -> None:
    async with recorded() as (port, heads):
        await sent(f"http://localhost:{port}", Request("GET", "/tasks", SOMETHING, {"Authorization": "the-key"}))
    first, *headers = heads[0].decode().strip().split("\r\n")
    assert first == "GET /v1/tasks HTTP/1.1"
    assert headers == [
        f"Host: localhost:{port}",
        f"User-Agent: qarnot-mcp/{__version__}",
        "Accept: application/json",
        "Accept-Encoding: gzip",
        "Authorization: the-key",
    ]


@pytest.mark.parametrize("path", ["", "/", "/below", "/below/"])
async def test_the_address_of_the_api_may_have_a_path(path: str) -> None:
    async with recorded() as (port, heads):
        await sent(f"http://localhost:{port}{path}", Request("GET", "/settings", SOMETHING))
        await sent(f"http://localhost:{port}{path}", Request("GET", "", SOMETHING, rooted=True))
    below = path.rstrip("/").encode()
    assert [head.split(b" ")[1] for head in heads] == [below + b"/v1/settings", below or b"/"]


async def test_a_request_says_how_long_its_body_is() -> None:
    async with recorded() as (port, heads):
        url = f"http://localhost:{port}"
        await sent(url, Request("POST", "/tasks", SOMETHING).with_json({"name": "a"}))
        await sent(url, Request("POST", "/tasks/a/abort", SOMETHING))
        await sent(url, Request("DELETE", "/tasks/a", SOMETHING))
    assert b"Content-Length: 12\r\n" in heads[0]
    assert b"Content-Type: application/json\r\n" in heads[0]
    assert b"Content-Length: 0\r\n" in heads[1]
    assert b"Content-Length" not in heads[2]


async def test_the_proxy_of_the_environment_carries_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    async with recorded() as (port, heads):
        monkeypatch.setenv("HTTP_PROXY", f"http://localhost:{port}")
        await sent("http://api.invalid", Request("GET", "/tasks", SOMETHING))
        assert heads[0].startswith(b"GET http://api.invalid/v1/tasks HTTP/1.1\r\n")
        monkeypatch.setenv("NO_PROXY", "localhost")
        await sent(f"http://localhost:{port}", Request("GET", "/tasks", SOMETHING))
        assert heads[1].startswith(b"GET /v1/tasks HTTP/1.1\r\n")


async def test_an_encrypted_connection_needs_a_certificate_that_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    encrypted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encrypted.load_cert_chain(certificate, key)
    async with recorded(encrypted) as (port, heads):
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            await sent(f"https://localhost:{port}", Request("GET", "/tasks", SOMETHING))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        tls_context.cache_clear()
        try:
            await sent(f"https://localhost:{port}", Request("GET", "/tasks", SOMETHING))
        finally:
            tls_context.cache_clear()
    assert len(heads) == 1


def write_certificate(certificate: Path, key: Path) -> None:
    """Write a certificate of `localhost` that only its own issuer trusts."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(secret.private_bytes(*form))
