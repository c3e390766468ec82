from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from tlbench.core.plain_text import escaped, plain, plain_data, plain_lines


@pytest.mark.parametrize(
    "sign", ["\x1b", "\0", "\a", "\r", "\b", "\x7f", "\x9b", "\u202e", "\u2066", "\u200f", "\u2028"]
)
def test_what_a_terminal_obeys_is_replaced(sign):
    assert plain(f"a{sign}b") == "a?b"
    assert plain_lines(f"a{sign}b\n\tc") == "a?b\n\tc"
    assert plain_data({f"k{sign}": [sign, 3]}) == {"k?": ["?", 3]}


def test_no_control_character_of_unicode_is_left_and_no_letter_is_lost():
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    left = [char for char in every if plain(char) == char]
    obeyed = {char for char in left if unicodedata.category(char) in ("Cc", "Cs", "Co", "Zl", "Zp")}
    assert obeyed == set()
    assert {char for char in left if unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF")} == set()
    lost = [char for char in every if unicodedata.category(char)[0] in "LNPS" and plain(char) != char]
    assert all(char in "\u115f\u1160\u3164" for char in lost)  # letters that are blank


def test_emoji_and_scripts_of_any_direction_stay_as_they_are():
    for name in ("👩\u200d🔬", "שלום", "می\u200cخواهم", "naïve café", "漢字"):
        assert plain(name) == name


def test_json_keeps_its_meaning():
    value = {"a\u202eb": ["\x9b31m", "\U000e0041", "é\n"]}
    text = escaped(json.dumps(value, ensure_ascii=False))
    assert plain_lines(text) == text
    assert json.loads(text) == value
