"""A sign-in step by step, as a client and a browser do it over HTTP."""

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx

REDIRECT = "http://localhost:53682/callback"


@dataclass
class SignIn:
    """One client and one browser; each step can be bent by a test.

    `at` is the address that the requests go to, where it is not the public one (one of several replicas).
    """

    origin: str
    http: httpx.AsyncClient
    redirect: str = REDIRECT
    at: str = ""
    client_id: str = ""
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(8))

    def __post_init__(self) -> None:
        self.at = self.at or self.origin

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    async def register(self, **fields: object) -> httpx.Response:
        body = {"client_name": "Test client", "redirect_uris": [self.redirect], **fields}
        response = await self.http.post(f"{self.at}/register", json=body)
        if response.status_code == 201:
            self.client_id = response.json()["client_id"]
        return response

    async def authorize(self, **parameters: str | None) -> httpx.Response:
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "state": self.state,
            "resource": f"{self.origin}/mcp",
            **parameters,
        }
        return await self.http.get(
            f"{self.at}/authorize", params={name: value for name, value in asked.items() if value is not None}
        )

    async def page(self, **parameters: str | None) -> httpx.Response:
        response = await self.authorize(**parameters)
        assert response.status_code == 302, response.text
        return await self.http.get(response.headers["location"].replace(self.origin, self.at))

    async def post(self, page: httpx.Response, key: str, **fields: str) -> httpx.Response:
        data = {"form": form_of(page), "key": key, "answer": "sign-in", **fields}
        return await self.http.post(f"{self.at}/login", data=data, headers={"Origin": self.origin})

    async def code(self, key: str, **fields: str) -> str:
        response = await self.post(await self.page(), key, **fields)
        assert response.status_code == 303, response.text
        return parameters_of(response)["code"]

    async def exchange(self, code: str, **fields: str | None) -> httpx.Response:
        return await self.token(
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect,
                "code_verifier": self.verifier,
                "resource": f"{self.origin}/mcp",
                **fields,
            }
        )

    async def refresh(self, refresh_token: str, **fields: str | None) -> httpx.Response:
        return await self.token(**{"grant_type": "refresh_token", "refresh_token": refresh_token, **fields})

    async def token(self, **fields: str | None) -> httpx.Response:
        data = {"client_id": self.client_id, **fields}
        return await self.http.post(
            f"{self.at}/token", data={name: value for name, value in data.items() if value is not None}
        )

    async def tokens(self, key: str, **fields: str) -> dict[str, str]:
        """The whole way, from the registration to the tokens."""
        await self.register()
        response = await self.exchange(await self.code(key, **fields))
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def call(self, access_token: str | None, tool: str = "whose", **arguments: object) -> httpx.Response:
        """A tool call as a client of the legacy era without a session sends it."""
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
        if access_token is not None:
            headers["Authorization"] = f"Bearer {access_token}"
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        return await self.http.post(f"{self.at}/mcp", json=body, headers=headers)


def form_of(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def parameters_of(response: httpx.Response) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}
