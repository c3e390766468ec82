from __future__ import annotations

import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

import tlbench
from tlbench.api import progress
from tlbench.cli.progress import Lines, Quiet
from tlbench.errors import TlbenchError

PUBLISHED = Path(__file__).parents[2] / "leaderboards" / "digits"
SEEDS = [0, 1, 2]
BASE = {"a:b": [0.50, 0.52, 0.51], "b:a": [0.80, 0.82, 0.81]}
OWN = {"a:b": [0.70, 0.73, 0.72], "b:a": [0.60, 0.63, 0.62]}
HOSTILE = "<script>x</script>"


@pytest.fixture
def stored(results):
    """Stored results of a strategy with a hostile name."""
    results.transductive({HOSTILE: OWN}, SEEDS, BASE)
    results.result_set()
    return tlbench.load_results("digits", results.folder.parent)


def test_a_suite_without_results_is_named_with_what_to_do(tmp_path):
    with pytest.raises(TlbenchError, match="run it first"):
        tlbench.load_results("digits", tmp_path)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"by": "colour"}, "colour"),
        ({"metric": "accurcy"}, "did you mean 'accuracy'"),
        ({"selection": "best"}, "best"),
        ({"format": "markdwn"}, "did you mean 'markdown'"),
    ],
)
def test_an_unknown_name_of_a_leaderboard_is_answered_with_what_there_is(stored, asked, named):
    with pytest.raises(TlbenchError, match=named):
        stored.leaderboard(**asked)


def test_figures_that_cannot_be_are_told_of(stored, tmp_path):
    with pytest.raises(TlbenchError, match="did you mean 'heatmap'"):
        stored.figure("heat-map")
    with pytest.raises(TlbenchError, match="tlbench figure embedding"):
        stored.figure("embedding")
    with pytest.raises(TlbenchError, match="takes one selection"):
        stored.figure("heatmap", selection="all")
    with pytest.raises(TlbenchError, match=r"setting=, shots=, backbone="):
        tlbench.load_results(PUBLISHED).figure("heatmap")
    with pytest.raises(TlbenchError, match=r"written as \.pdf"):
        stored.figure("heatmap").save(tmp_path / "figure.gif")


def test_a_published_folder_is_read_without_running():
    found = tlbench.load_results(PUBLISHED)
    assert isinstance(found, tlbench.Results)
    assert found.suite == "digits"
    assert found.failed == {}
    assert {"variant", "pair", "seed", "accuracy"} <= set(found.frame().columns)
    assert "dann" in str(found.leaderboard(by="pair"))
    svg = found.figure("heatmap", setting="inductive", shots=5)._repr_svg_()
    assert "<svg" in svg


def test_a_frame_is_a_copy(stored):
    frame = stored.frame()
    frame["accuracy"] = 0.0
    assert stored.frame()["accuracy"].max() > 0.5


def test_names_are_escaped_wherever_they_are_shown_as_html(stored, tmp_path):
    table = stored.leaderboard()
    assert HOSTILE in str(table)
    assert repr(table) == str(table)
    for text in (table._repr_html_(), stored._repr_html_(), stored.figure("heatmap")._repr_svg_()):
        assert "<script>" not in text
    assert "&lt;script&gt;" in stored._repr_html_()
    assert "<script>" not in table._repr_markdown_()
    assert HOSTILE in str(stored.leaderboard(format="csv"))
    path = stored.figure("heatmap", strategy=HOSTILE).save(tmp_path / "figure.svg")
    assert path.read_text().startswith("<?xml")
    assert "heatmap" in repr(stored.figure("heatmap"))


# ---- progress ---------------------------------------------------------------------------------------------------


class Bar:
    """A bar that remembers."""

    made: list[Bar] = []

    def __init__(self, total, **about):
        self.total, self.n, self.said, self.closed = total, 0, [], False
        Bar.made.append(self)

    def update(self, by):
        self.n += by

    def set_postfix_str(self, text):
        self.said.append(text)

    def close(self):
        self.closed = True


@pytest.fixture
def kernel(monkeypatch):
    """As in the kernel of a notebook."""
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_progress_is_quiet_where_it_is_not_wanted(kernel):
    with progress.listener(False) as heard:
        assert type(heard) is Quiet


def test_a_notebook_has_a_bar_that_names_what_runs_and_lines_for_what_failed(kernel, monkeypatch, capsys):
    monkeypatch.setattr(Bar, "made", [])
    monkeypatch.setattr(progress, "_bar_maker", lambda: Bar)
    with progress.listener(True) as heard:
        heard.preparing("a", 1, 2)
        heard.preparing("a", 2, 2)
        heard.planned(1, 0, 1)
        heard.progress("k", "dann a:b", "training", 3, 10)
        heard.ended("k", "dann a:b", "ok", "")
        heard.ended("l", "dann b:a", "failed", "no memory")
    preparing, suite = Bar.made
    assert (preparing.n, preparing.closed) == (2, True)
    assert (suite.total, suite.n, suite.closed) == (2, 2, True)
    assert suite.said == ["dann a:b, training 3/10"]
    assert "failed: dann b:a: no memory" in capsys.readouterr().err


def test_a_notebook_without_tqdm_has_lines(kernel, monkeypatch):
    monkeypatch.setattr(progress, "_bar_maker", lambda: None)
    with progress.listener(True) as heard:
        assert type(heard) is Lines


def test_the_bar_of_tqdm_comes_without_a_warning():
    pytest.importorskip("tqdm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert callable(progress._bar_maker())
