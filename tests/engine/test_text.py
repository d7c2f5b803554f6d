"""Text of others, made safe."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from reachaudit.outputs.text import safe

ANY_TEXT = st.text(st.characters(codec=None), max_size=300)  # surrogates among them


@given(ANY_TEXT, st.integers(min_value=4, max_value=400))
def test_no_text_steers_a_terminal_or_outgrows_its_bound(text: str, longest: int) -> None:
    shown = safe(text, longest)
    assert len(shown.encode()) <= longest
    assert all(unicodedata.category(c)[0] != "C" for c in shown)
    assert len(shown.splitlines()) <= 1


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), max_size=100))
def test_text_without_such_characters_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_what_steers_is_shown_as_an_escape() -> None:
    assert safe("a\x1b[31m\nb\u202ec\u2028d\ud800") == r"a\x1b[31m\nb\u202ec\u2028d\ud800"


def test_what_is_too_long_ends_in_an_ellipsis_and_no_half_character() -> None:
    assert safe("ä" * 10, 20) == "ä" * 10
    assert safe("ä" * 11, 20) == "ä" * 8 + "…"
