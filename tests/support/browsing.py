"""What a person does in a browser when a client opens the sign-in."""

import asyncio

import httpx
from fastmcp.client.auth import OAuth

from tests.support.sign_in import form_of


async def give_key(authorization_url: str, key: str, **fields: str) -> httpx.Response:
    """Open the address that a client shows, gives the key on the page and follow the way back to the client."""
    async with httpx.AsyncClient(timeout=20) as browser:
        page = await browser.get(authorization_url, follow_redirects=True)
        data = {"form": form_of(page), "key": key, "answer": "sign-in", **fields}
        response = await browser.post(str(page.url.join("/login")), data=data)
        assert response.status_code == 303, response.text
        return await browser.get(response.headers["location"])


class PersonalOAuth(OAuth):
    """The client's own sign-in, with a person who gives this key where a browser would be opened."""

    def __init__(self, url: str, key: str, **fields: str) -> None:
        super().__init__(url, client_name="FastMCP client")
        self._key, self._fields = key, fields

    async def redirect_handler(self, authorization_url: str) -> None:
        self.visit = asyncio.create_task(give_key(authorization_url, self._key, **self._fields))
