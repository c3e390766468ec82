"""Names: one form in Unicode, and those that only look alike."""

from __future__ import annotations

import unicodedata

import pytest

from tlbench.core.names import composed, look_alikes, looks_like, name_notes, sentence, shown


@pytest.mark.parametrize("name", ["café", "Größe", "Å", "한글", "ñandú", "mug", "👩‍⚕️"])
def test_a_name_has_one_form_however_it_is_written(name):
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    assert {composed(form) for form in forms} == {unicodedata.normalize("NFC", name)}


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("mug", "Mug", "upper and lower case"),
        ("Straße", "STRASSE", "upper and lower case"),
        ("not ill", "notill", "spaces"),
        ("not ill", "not\u00a0ill", "spaces"),
        ("not ill", "not\u2003ill", "spaces"),
        ("mug", "mug\u200b", "invisible signs"),
        ("mug", "\ufeffmug", "invisible signs"),
        ("mug", "mu\u00adg", "invisible signs"),
        ("mug", "mug\ufe0f", "invisible signs"),
        ("mug", "mug\u3164", "invisible signs"),
        ("mug", "ｍｕｇ", "forms of letters"),
        ("fish", "ﬁsh", "forms of letters"),
    ],
)
def test_names_that_look_alike_are_found_and_what_they_differ_in_is_said(one, other, kind):
    ((first, second),) = look_alikes([one, other, "pen"])
    assert {first, second} == {one, other}
    assert kind in sentence((first, second))


@pytest.mark.parametrize(
    "names", [["mug", "mugs"], ["1", "10"], ["-1", "1"], ["a_b", "a-b"], ["é", "e"], ["café", "cafe"]]
)
def test_names_that_differ_otherwise_are_left_alone(names):
    assert look_alikes(names) == []


def test_names_may_differ_in_several_ways_at_once():
    assert sentence(("Mug ", "mug")) == "'Mug ' and 'mug' differ in spaces and upper and lower case alone"


def test_what_cannot_be_seen_is_shown():
    assert shown("mug\u200b") == r"'mug\u200b'"
    assert shown("mug\ufe0f") == r"'mug\ufe0f'"
    assert shown("not\u00a0ill") == r"'not\xa0ill'"
    assert shown("café") == "'café'"


def test_a_name_that_is_known_looks_like_no_other():
    assert looks_like("train", ["train", "test"]) is None
    assert looks_like("Train", ["train", "test"]) == "train"
    assert looks_like("mug", ["train", "test"]) is None


def test_notes_name_the_kind_and_say_that_nothing_is_merged():
    notes = name_notes(["north", "North"], ["ill", "ill\u200b", "well"])
    assert notes[0].startswith("domains 'North' and 'north' differ in upper and lower case alone and count as 2")
    assert notes[1].startswith(r"classes 'ill' and 'ill\u200b' differ in invisible signs alone and count as 2")
