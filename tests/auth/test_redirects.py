import pytest

from qarnot_mcp.auth.oauth.redirects import AllowedRedirects, is_on_this_machine, is_same_redirect, place_of

CLAUDE = "https://claude.ai/api/mcp/auth_callback"


@pytest.mark.parametrize(
    "redirect",
    [
        CLAUDE,
        "https://claude.com/api/mcp/auth_callback",
        "http://localhost:53682/callback",
        "http://127.0.0.1:1/callback",
        "http://localhost/callback",
        "http://localhost:6274/oauth/callback",
        "http://127.0.0.1:6276/oauth/callback",
    ],
)
def test_the_callbacks_of_known_clients_are_allowed(redirect: str) -> None:
    assert AllowedRedirects().allow(redirect)


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/api/mcp/auth_callback",
        "https://claude.ai.evil.example/api/mcp/auth_callback",
        "https://claude.ai@evil.example/api/mcp/auth_callback",
        "https://evil.example/https://claude.ai/api/mcp/auth_callback",
        "https://claude.ai/api/mcp/auth_callback/",
        "https://claude.ai/api/mcp/auth_callback/../../../steal",
        "https://claude.ai/api/mcp/auth_callback?x=1",
        "https://claude.ai/api/mcp/auth_callback#x",
        "https://claude.ai:8443/api/mcp/auth_callback",
        "http://claude.ai/api/mcp/auth_callback",
        "http://localhost:1234/other",
        "http://localhost:1234/callback?next=https://evil.example",
        "http://localhost:1234/x/../callback",
        "http://localhost:1234/%2e%2e/callback",
        "http://localhost:99999/callback",
        "http://localhost:x/callback",
        "http://localhost.evil.example:1234/callback",
        "http://localhost:80@evil.example/callback",
        "http://localhost\\@evil.example/callback",
        "http://127.0.0.2:1234/callback",
        "http://[::1/callback",
        "https://localhost:1234/callback",
        "javascript:alert(1)//localhost:1/callback",
        "data:text/html,x",
        "http://localhost:1234/callback\r\nX: y",
        "http://locälhost:1234/callback",
        "http://localhost:1234/callback" + "x" * 2000,
        "",
    ],
)
def test_every_other_callback_is_refused(redirect: str) -> None:
    assert not AllowedRedirects().allow(redirect)


def test_the_operator_can_add_callbacks() -> None:
    allowed = AllowedRedirects.with_further(
        ["https://vscode.dev/redirect", "http://127.0.0.1:*/", "cursor://anysphere.cursor-mcp/oauth/callback"]
    )
    assert allowed.allow(CLAUDE)
    assert allowed.allow("https://vscode.dev/redirect")
    assert allowed.allow("http://127.0.0.1:33418/")
    assert allowed.allow("cursor://anysphere.cursor-mcp/oauth/callback")
    assert not allowed.allow("https://vscode.dev/redirect2")
    assert not allowed.allow("http://127.0.0.1:33418/other")


def test_an_added_callback_cannot_be_a_dangerous_one() -> None:
    allowed = AllowedRedirects.with_further(["javascript:alert(1)", "http://example.org/callback", "https:///x"])
    assert not allowed.allow("javascript:alert(1)")
    assert not allowed.allow("http://example.org/callback")
    assert not allowed.allow("https:///x")


def test_a_registered_callback_on_the_own_machine_may_come_with_another_port() -> None:
    assert is_same_redirect("http://localhost:2/callback", "http://localhost:1/callback")
    assert is_same_redirect("http://[::1]:2/callback", "http://[::1]:1/callback")
    assert not is_same_redirect("http://127.0.0.1:2/callback", "http://localhost:1/callback")
    assert not is_same_redirect("http://localhost:2/other", "http://localhost:1/callback")


def test_a_registered_callback_elsewhere_has_to_be_the_same() -> None:
    assert is_same_redirect(CLAUDE, CLAUDE)
    assert not is_same_redirect(CLAUDE + "?x", CLAUDE)
    assert not is_same_redirect("https://claude.ai:444/api/mcp/auth_callback", CLAUDE)


def test_a_person_reads_the_host_of_a_callback() -> None:
    assert place_of(CLAUDE) == "claude.ai"
    assert place_of("http://localhost:53682/callback") == "localhost:53682"
    assert place_of("cursor:callback") == "cursor:"
    assert is_on_this_machine("http://localhost:53682/callback")
    assert not is_on_this_machine(CLAUDE)
