from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from qarnot_mcp.auth.oauth.sealing import MAX_SEALED_CHARACTERS, AccessGrant, RefreshGrant, Sealed, Sealer

OLD, NEW, FOREIGN = (SecretStr(letter * 40) for letter in "onf")


class Note(Sealed):
    purpose: Literal["note"] = "note"
    text: str


def access(expires_at: float | None = None) -> AccessGrant:
    return AccessGrant(
        expires_at=expires_at, session_id="f", key=SecretStr("the-key"), client_id="c", scopes=["s"], resource="r"
    )


@given(st.text(max_size=200))
def test_what_was_sealed_is_opened_unchanged(text: str) -> None:
    sealer = Sealer([NEW])
    assert sealer.open(Note, sealer.seal(Note(text=text))) == Note(text=text)


def test_a_key_survives_sealing_and_shows_nowhere_else() -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(access())
    opened = sealer.open(AccessGrant, sealed)
    assert opened is not None
    assert opened.key.get_secret_value() == "the-key"
    assert "the-key" not in repr(opened)
    assert "the-key" not in sealed


def test_sealed_text_fits_into_addresses_and_headers() -> None:
    sealed = Sealer([NEW]).seal(access())
    assert set(sealed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_an_old_secret_still_opens_and_the_new_one_seals() -> None:
    before, rotated, after = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    assert rotated.open(Note, before.seal(Note(text="x"))) is not None
    assert after.open(Note, rotated.seal(Note(text="x"))) is not None
    assert after.open(Note, before.seal(Note(text="x"))) is None


def test_a_foreign_secret_opens_nothing() -> None:
    assert Sealer([NEW]).open(Note, Sealer([FOREIGN]).seal(Note(text="x"))) is None


def test_a_value_sealed_for_one_purpose_does_not_open_for_another() -> None:
    sealer = Sealer([NEW])
    refresh = RefreshGrant(id="i", session_id="f", key=SecretStr("k"), client_id="c", scopes=["s"], resource="r")
    assert sealer.open(AccessGrant, sealer.seal(refresh)) is None
    assert sealer.open(RefreshGrant, sealer.seal(access())) is None
    assert sealer.open(Note, sealer.seal(access())) is None


def test_an_expired_value_does_not_open() -> None:
    sealed = Sealer([NEW]).seal(access(expires_at=1_000.0))
    assert Sealer([NEW], now=lambda: 999.9).open(AccessGrant, sealed) is not None
    assert Sealer([NEW], now=lambda: 1_000.0).open(AccessGrant, sealed) is None


@pytest.mark.parametrize("text", ["", "=", "gAAAA", "é" * 20, "x" * 500, "a" * (MAX_SEALED_CHARACTERS + 1)])
def test_text_that_was_never_sealed_opens_nothing(text: str) -> None:
    assert Sealer([NEW]).open(Note, text) is None


def test_every_changed_character_is_noticed() -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(Note(text="x"))
    for place in range(0, len(sealed) - 1, 7):
        other = "A" if sealed[place] != "A" else "B"
        assert sealer.open(Note, sealed[:place] + other + sealed[place + 1 :]) is None
