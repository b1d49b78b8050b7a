import pytest

from qarnot_mcp.auth.oauth.redirects import (
    is_allowed,
    is_on_this_machine,
    is_same_redirect,
    place_of,
    setting_for,
)

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
        "http://localhost:3334/oauth/callback",  # mcp-remote
        "http://localhost:7777/oauth/callback",  # Gemini CLI
        "http://127.0.0.1:33418/",  # VS Code
        "http://[::1]:5000/any/path",
        "http://localhost:1234/other",
        "https://vscode.dev/redirect",
        "https://insiders.vscode.dev/redirect",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://chatgpt.com/connector_platform_oauth_redirect",
        "https://chatgpt.com/connector/oauth/aBc-1_2",
    ],
)
def test_the_callbacks_of_known_clients_are_allowed(redirect: str) -> None:
    assert is_allowed(redirect)


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
        "https://chatgpt.com/connector/oauth/a/b",
        "https://chatgpt.com/connector/oauth/",
        "https://chatgpt.com/connector/oauth/a?next=https://evil.example",
        "https://chatgpt.com/connector/oauth/..",
        "https://vscode.dev.evil.example/redirect",
        "cursor://evil/oauth/callback",
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
    assert not is_allowed(redirect)


def test_the_operator_can_add_callbacks() -> None:
    further = ["https://ide.example/redirect", "https://ide.example:*/", "ide://oauth/callback"]
    assert is_allowed(CLAUDE, further)
    assert is_allowed("https://ide.example/redirect", further)
    assert is_allowed("https://ide.example:33418/", further)
    assert is_allowed("ide://oauth/callback", further)
    assert not is_allowed("https://ide.example/redirect2", further)
    assert not is_allowed("https://ide.example:33418/other", further)


def test_the_line_of_a_refusal_allows_what_was_refused() -> None:
    refused = ["https://ide.example/redirect", "ide://oauth/callback", "https://x.example/a,https://evil.example"]
    line = setting_for(refused)
    assert line == "QARNOT_MCP_ALLOWED_REDIRECTS=https://ide.example/redirect,ide://oauth/callback"
    further = line.partition("=")[2].split(",")
    assert [uri for uri in refused if is_allowed(uri, further)] == refused[:2]
    assert setting_for(["javascript:alert(1)", "http://evil.example/", "https://a.example/\nX=1"]) is None


def test_an_added_callback_cannot_be_a_dangerous_one() -> None:
    further = ["javascript:alert(1)", "http://example.org/callback", "https:///x"]
    assert not is_allowed("javascript:alert(1)", further)
    assert not is_allowed("http://example.org/callback", further)
    assert not is_allowed("https:///x", further)


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
