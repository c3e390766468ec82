"""Paths of a machine: what is one, and what is left of it."""

from __future__ import annotations

import pytest

from tlbench.publishing.path_redaction import paths_in, shortened


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("tlbench run digits --results /home/me/res", "tlbench run digits --results res"),
        ("tlbench run /home/me/suite.toml --data=/srv/data/", "tlbench run suite.toml --data=data"),
        ("tlbench run '/home/me/suite.toml' -q", "tlbench run 'suite.toml' -q"),
        ('File "/usr/lib/python3/x.py", line 3', 'File "x.py", line 3'),
        ("csv:/home/me/x.csv", "csv:x.csv"),
        (r"cannot read C:\Users\me\x.csv", "cannot read x.csv"),
        ("--results /results", "--results results"),
        ("first\n/home/x: gone", "first\nx: gone"),
    ],
)
def test_a_path_becomes_its_last_part(text, left):
    assert shortened(text) == left
    assert list(paths_in({"a": [{"b": text}]})) == [("a.b", text)]
    assert shortened(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "https://jmlr.org/papers/v17/15-239.html",
        "hub:OWNER/NAME",
        "helps/hurts/undec.",
        "8,412 ex/s, 1 / 2, own s/run",
        "tlbench run suites/mine.toml --results ../res",
        "Linux-6.18-x86_64-with-glibc2.36",
    ],
)
def test_what_is_no_path_of_a_machine_stays(text):
    assert shortened(text) == text
    assert not list(paths_in(text))


def test_plain_data_keep_their_form():
    assert shortened({"a": [1, None, "/x/y"], "b": {"c": 0.5}}) == {"a": [1, None, "y"], "b": {"c": 0.5}}
