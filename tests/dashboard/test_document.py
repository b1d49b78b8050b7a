"""The document of the dashboard: small, whole, and joined from modules that fit together."""

import re
from pathlib import Path
from posixpath import dirname, normpath

import pytest

import qarnot_mcp.dashboard
from qarnot_mcp.dashboard.document import SCRIPTS, STYLES, compact, joinable, read, tasks_view

FOLDER = Path(qarnot_mcp.dashboard.__file__).parent
MESSAGES = "i18n/messages.js"
MAX_BYTES = 100_000
FORBIDDEN = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "new Function",
    "fetch(",
    "http:",
)
IMPORT = re.compile(r"^import \{([^}]*)\} from \"([^\"]+)\";$", re.MULTILINE)


def test_the_document_is_under_100_kb_and_whole() -> None:
    page = tasks_view()
    assert len(page.encode()) < MAX_BYTES
    assert page.startswith("<!doctype html>")
    assert page.count("<script") == page.count("</script>") == 1
    assert page.count("<style") == page.count("</style>") == 2
    assert "/* styles */" not in page
    assert "/* scripts */" not in page
    assert "{actions}" not in page


def test_actions_are_offered_only_where_they_are_asked_for() -> None:
    assert 'data-actions="on"' in tasks_view(actions=True)
    assert 'data-actions="off"' in tasks_view(actions=False)


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_makes_html_of_text_or_reaches_out(name: str) -> None:
    script = read(name).replace("http://www.w3.org/2000/svg", "")
    assert [word for word in FORBIDDEN if word in script] == []


def test_no_script_reads_an_answer_of_the_api_itself() -> None:
    code = "\n".join(read(name) for name in SCRIPTS)
    assert re.findall(r"\bapi\b|(?:completed|running)Instances?\b|TimeSec\b|\w+MB\b", code) == []


def test_every_source_file_is_in_the_document() -> None:
    sources = {path.relative_to(FOLDER).as_posix() for pattern in ("*.js", "*.css") for path in FOLDER.rglob(pattern)}
    assert sources == {*SCRIPTS, *STYLES}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_module_imports_what_modules_before_it_export(name: str) -> None:
    before = SCRIPTS[: SCRIPTS.index(name)]
    for names, path in IMPORT.findall(read(name)):
        source = normpath(f"{dirname(name)}/{path}")
        assert source in before
        exported = set(re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", read(source), re.MULTILINE))
        imported = {part.strip() for part in names.split(",") if part.strip()}
        assert imported <= exported
        body = IMPORT.sub("", read(name))
        assert [one for one in sorted(imported) if not re.search(rf"\b{one}\b", body)] == []


def test_every_import_is_seen_by_these_tests_and_by_the_document() -> None:
    lines = [line for name in SCRIPTS for line in read(name).splitlines() if line.startswith("import ")]
    assert len(lines) == sum(len(IMPORT.findall(read(name))) for name in SCRIPTS) > 0
    assert "import " not in "".join(joinable(read(name)) for name in SCRIPTS)


def test_no_two_modules_give_one_name_to_two_things() -> None:
    names = [
        found
        for name in SCRIPTS
        for found in re.findall(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", read(name), re.MULTILINE)
    ]
    assert sorted(names) == sorted(set(names))


def test_every_language_has_the_same_places_for_values() -> None:
    languages, *rows = message_rows()
    assert languages == ["key", "en", "fr"]
    assert len(rows) > 100
    for key, english, *others in rows:
        places = {places_in(form) for form in english.split("|")}
        assert len(others) < len(languages) - 1, key
        assert {places_in(form) for text in others if text for form in text.split("|")} <= places, key


def test_every_message_that_is_said_is_there_and_none_is_idle() -> None:
    keys = {key for key, *_ in message_rows()[1:]}
    code = "\n".join(read(name) for name in SCRIPTS if name != MESSAGES)
    said = set(re.findall(r"say\(\"(\w+)\"", code))
    assert said <= keys
    texts = set(re.findall(r"[\"`](\w+)[\"`]", code)) | set(re.findall(r"\b(\w+):", code))
    made = {f"{start}{end}" for start in texts for end in ("Count", "Ask", "Text", "Done")}
    assert keys - texts - made == set()


def message_rows() -> list[list[str]]:
    """Return the rows of the table of messages, the one with the languages first."""
    table = read(MESSAGES).partition("TABLE = `")[2].partition("`;")[0]
    return [line.split("=") for line in table.split("\n") if line]


def places_in(text: str) -> tuple[str, ...]:
    return tuple(sorted(set(re.findall(r"\{\w+\}", text))))


def test_a_source_loses_its_indentation_and_its_comments_but_no_code() -> None:
    source = "// Why.\n/** What\n *  it is. */\nfunction a() {\n  // Because.\n  return 1 / 2; // kept\n}\n"
    assert compact(source) == "function a() {\nreturn 1 / 2; // kept\n}\n"


def test_no_text_of_several_lines_has_an_indentation_to_lose() -> None:
    for name in SCRIPTS:
        texts = re.findall(r"`[^`]*`", read(name))
        assert [text for text in texts if compact(text) != text] == [], name


def test_a_module_loses_its_imports_and_exports_when_it_is_joined() -> None:
    module = 'import { h } from "./dom.js";\n\nexport const a = 1;\nexport async function b() {}\n'
    assert joinable(module) == "const a = 1;\nasync function b() {}\n"
