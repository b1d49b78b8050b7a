"""What a person does in a browser when a client opens the sign-in."""

import httpx

from tests.support.sign_in import form_of


async def give_key(authorization_url: str, key: str, **fields: str) -> httpx.Response:
    """Opens the address that a client shows, gives the key on the page and follows the way back to the client."""
    async with httpx.AsyncClient(timeout=20) as browser:
        page = await browser.get(authorization_url, follow_redirects=True)
        data = {"form": form_of(page), "key": key, "answer": "sign-in", **fields}
        response = await browser.post(str(page.url.join("/login")), data=data)
        assert response.status_code == 303, response.text
        return await browser.get(response.headers["location"])
