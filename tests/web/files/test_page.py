"""The document of the files page: whole, joined from modules that fit together, and the unit tests of its modules."""

import re
from pathlib import Path

import pytest

from qarnot_mcp.web.files.page import SCRIPTS, files_page, page_headers, read
from tests.support.javascript import assert_unit_tests_pass

FOLDER = Path(__file__).parent
MAX_BYTES = 80_000
FORBIDDEN = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "http:")
IMPORT = re.compile(r"^import \{[^}]*\} from \"([^\"]+)\";$", re.MULTILINE)
OWN = [name for name in SCRIPTS if not name.startswith("/")]


def test_the_document_is_small_and_whole() -> None:
    page = files_page()
    assert len(page.encode()) < MAX_BYTES
    assert page.count("<script") == page.count("</script>") == 1
    assert "import " not in page.partition("<script")[2]
    assert "/* styles */" not in page
    assert "/* scripts */" not in page
    assert "'sha256-" in page_headers()["Content-Security-Policy"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_makes_html_of_text(name: str) -> None:
    script = read(name).replace("http://www.w3.org/2000/svg", "")
    assert [word for word in FORBIDDEN if word in script] == []


@pytest.mark.parametrize("name", OWN)
def test_a_module_imports_modules_that_stand_before_it(name: str) -> None:
    before = {each.rpartition("/")[2] for each in SCRIPTS[: SCRIPTS.index(name)]}
    assert {path.rpartition("/")[2] for path in IMPORT.findall(read(name))} <= before


def test_no_two_modules_give_one_name_to_two_things() -> None:
    pattern = r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)"
    names = [found for name in SCRIPTS for found in re.findall(pattern, read(name), re.MULTILINE)]
    assert sorted(names) == sorted(set(names))


def test_every_message_is_there_in_both_languages_and_none_is_idle() -> None:
    table = read("messages.js").partition("TABLE = `")[2].partition("`;")[0]
    head, *rows = [line.split("=") for line in table.split("\n") if line]
    assert head == ["key", "en", "fr"]
    code = "\n".join(read(name) for name in OWN if name != "messages.js")
    for key, english, *french in rows:
        places = set(re.findall(r"\{\w+\}", english))
        assert all(set(re.findall(r"\{\w+\}", text)) == places for text in french), key
        assert re.search(rf"[\"`]{key}[\"`]", code), key
    said = set(re.findall(r"say\(\"(\w+)\"", code))
    assert said <= {key for key, *_ in rows}


@pytest.mark.e2e
def test_the_pure_modules_pass_their_unit_tests() -> None:
    assert_unit_tests_pass(FOLDER)
