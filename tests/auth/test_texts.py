from dataclasses import asdict
from string import Formatter

import pytest

from qarnot_mcp.auth.oauth.sign_in.texts import ENGLISH, FRENCH, texts_for


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de,fr;q=0.5,en;q=0.4", "fr"),
        ("de", "en"),
        ("fr;q=0", "en"),
        ("fr;q=x,en;q=0.1", "en"),
        ("FR ; q=0.7, EN ; q=0.6", "fr"),
        ("," * 500, "en"),
    ],
)
def test_the_page_speaks_the_language_that_the_browser_prefers(header: str, language: str) -> None:
    assert texts_for(header).language == language


def test_both_languages_say_the_same_things() -> None:
    for name, english in asdict(ENGLISH).items():
        french = asdict(FRENCH)[name]
        assert french
        assert french != english or name == "key_link"
        assert {field for _, field, *_ in Formatter().parse(english)} == {
            field for _, field, *_ in Formatter().parse(french)
        }
