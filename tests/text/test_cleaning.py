import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.text.cleaning import _ESCAPE_SEQUENCES, _SEVEN_BIT_SEQUENCES, clean_text, one_line, shorten

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\x1b\x9b\x9d\x9c\x07\x00\r\n\t[]m0;Ka\\\u200b\u202e\u2066\ud800\udc00\u2028\x85\ufeffé中"),
        st.characters(),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("\x1b[31mError\x1b[0m: no such file", "Error: no such file"),
        ("\x1b[38;5;196mred\x1b[m", "red"),
        ("\x9b1mbold\x9b0m", "bold"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;aGVsbG8=", "52;c;aGVsbG8="),
        ("\x1bPdevice\x1b\\after", "after"),
        ("\x1b(Bcharset\x1b=", "charset"),
        ("a\x00b\x08c\x7fd\x85e", "abcde"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("\u2066isolated\u2069", "isolated"),
        ("zero\u200bwidth\u200d\ufeff", "zerowidth"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("hidden\U000e0101\ufe01", "hidden"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("one\u2028two\u2029three", "one two three"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("10%\r50%\r100%\nnext", "100%\nnext"),
        ("10%\r100%\r", "100%"),
        ("99%\r\x1b[K", "99%"),
        ("\r\r", ""),
        ("naïve 中文 🎉", "naïve 中文 🎉"),
    ],
)
def test_cleaning_removes_what_a_terminal_would_act_on(dirty: str, clean: str) -> None:
    assert clean_text(dirty) == clean


@given(HOSTILE)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(HOSTILE)
def test_cleaning_never_makes_a_text_longer_and_keeps_its_lines(text: str) -> None:
    clean = clean_text(text)
    assert len(clean) <= len(text)
    assert clean.count("\n") == text.count("\n")


@given(HOSTILE)
def test_a_clean_text_holds_nothing_dangerous(text: str) -> None:
    clean = clean_text(text)
    assert not set(clean) & set("\x1b\x9b\x00\x07\r\x85\x7f\u200b\u202e\u2066\ufeff\u2028")
    clean.encode()


@given(HOSTILE, st.integers(0, 200))
def test_one_line_is_clean_and_short_whatever_comes(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert clean_text(line) == line
    assert "\n" not in line


def test_a_carriage_return_hides_nothing_of_a_name() -> None:
    assert one_line("the first part\rthe rest", 80) == "the first part the rest"


def test_a_huge_text_is_cut_before_it_is_cleaned_and_says_how_long_it_was() -> None:
    line = one_line("\u200bab" * 1_000_000, 100)
    assert line.startswith("ababab")
    assert line.endswith(" more characters)")
    assert len(line) <= 100


def test_a_name_is_shown_on_one_line_with_single_spaces() -> None:
    assert one_line("  my\n\ttask \x1b[1mname ", 80) == "my task name"


def test_a_cut_text_says_how_much_is_missing() -> None:
    text = shorten("x" * 1500, 100)
    assert text == "x" * 68 + "… (1,432 more characters)"


@given(st.text(), st.integers(0, 120))
def test_a_cut_text_never_passes_its_limit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit
    assert shorten(text, limit) == text or len(text) > limit


def test_a_text_within_the_limit_stays_whole() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"
    assert shorten("abcd", 0) == ""


@pytest.mark.parametrize("introducer", ["\x9d", "\x90", "\x1b]", "\x1bP"])
def test_an_introducer_ends_the_control_string_before_it(introducer: str) -> None:
    assert clean_text(f"{introducer}one{introducer}two\x07three") == clean_text(f"{introducer}one") + "three"


@given(st.text(st.sampled_from("\x1b\x07[]P\\^_;0m@ ~x\n\r\u00e9\u4e16"), max_size=60))
def test_the_fast_way_to_drop_escapes_drops_what_the_general_one_does(text: str) -> None:
    assert _SEVEN_BIT_SEQUENCES.sub("", text) == _ESCAPE_SEQUENCES.sub("", text)


def test_an_introducer_of_eight_bits_is_seen_where_others_are_of_seven() -> None:
    assert clean_text("\x1b[1mbold\x9b0m, \x9dtitle\x1b\\ text") == "bold,  text"
