from __future__ import annotations

import sys
from types import ModuleType

import pytest
from cells import CELLS, Notebook, notebook

from tlbench.api.class_source import text_of, written
from tlbench.api.literals import literal
from tlbench.api.strategy_classes import handed_over, strategy_name
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))


def refused(book, kind="MixupDA"):
    with pytest.raises(TlbenchError) as caught:
        text_of(book[kind], "mixup-da")
    return str(caught.value)


# ---- what cannot be written out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("__import__('threading').Lock()", "lock"),
        ("__import__('numpy').zeros(3)", "numpy.ndarray"),
        ("[object()]", "list"),
        ("lambda: 0.1", "lambda"),
    ],
)
def test_a_variable_that_no_other_process_can_have_is_named_with_its_type_and_a_remedy(value, kind):
    message = refused(notebook(**{"SMOOTHING = 0.1": f"SMOOTHING = {value}"}))
    assert kind in message
    assert "plugins=" in message
    assert "SMOOTHING" in message or kind == "lambda"


def test_a_module_beside_the_notebook_is_named(monkeypatch):
    beside = ModuleType("beside")
    beside.SMOOTHING = 0.1
    monkeypatch.setitem(sys.modules, "beside", beside)
    message = refused(notebook(**{"=SMOOTHING": "=beside.SMOOTHING", "SMOOTHING = 0.1": "import beside"}))
    assert "'beside'" in message
    assert "PYTHONPATH" in message


def test_a_name_that_is_nothing_is_named():
    assert "'undefined'" in refused(notebook(**{"=SMOOTHING": "=undefined"}))


def test_a_base_that_was_defined_anew_is_told_of():
    book = notebook().cell(CELLS[3])
    assert "define MixupDA again" in refused(book)


def test_a_class_without_a_source_is_told_of():
    book = Notebook()
    exec("import tlbench\nclass Hidden(tlbench.Strategy):\n    def fit(self, task, toolkit): ...", book.names)
    assert "source of the class Hidden is not found" in refused(book, "Hidden")


@pytest.mark.parametrize("name", ["a/b", "..", "", "a:b", "<b>"])
def test_a_name_that_names_no_file_is_refused(name):
    with pytest.raises(TlbenchError, match="set the attribute `name`"):
        strategy_name(type("Odd", (), {"name": name}))


# ---- what is written --------------------------------------------------------------------------------------------


def test_the_same_code_is_the_same_file_and_other_code_another():
    one, same = (written(notebook()["MixupDA"], "mixup-da") for _ in range(2))
    other = written(notebook(**{"SMOOTHING = 0.1": "SMOOTHING = 0.2"})["MixupDA"], "mixup-da")
    assert one == same
    assert one.name == other.name == "mixup-da.py"
    assert one != other


def test_the_file_is_a_plugin_with_the_class_as_it_was():
    host = PluginHost(handed_over([notebook()["MixupDA"]], []).files)
    entry, _ = host.find("strategies", "mixup-da")
    kind = entry.load()
    assert entry.summary == "Smoothed labels."
    assert kind.same_label_space
    assert kind.Params(how="sum").how == "sum"
    assert kind.loss.__globals__["SCALES"] == {"source": (1.0, [2, None]), "limit": float("inf")}
    assert kind.loss.__globals__["scaled"](3.0) == 3.0


def test_two_classes_of_one_script_are_told_apart():
    book = Notebook()
    body = "class Twice(tlbench.Strategy):\n    settings = {'inductive'}\n    def fit(self, task, toolkit): return "
    bodies = [f"{body}{number}\n" for number in (1, 2)]
    book.cell("import tlbench\n" + "\n".join(bodies))
    text = text_of(book["Twice"], "twice")
    assert "return 2" in text
    assert "return 1" not in text


def test_a_class_of_a_function_has_what_it_closes_over():
    book = Notebook().cell(
        "import tlbench\n"
        "def make(weight):\n"
        "    class Made(tlbench.Strategy):\n"
        "        '''Of a\n        function.'''\n"
        "        def fit(self, task, toolkit): return weight\n"
        "    return Made\n"
        "Two, Three = make(2), make(3)\n"
    )
    assert "weight = 2\n" in text_of(book["Two"], "made")
    assert "weight = 3\n" in text_of(book["Three"], "made")


def test_functions_that_call_each_other_and_submodules_reached_by_dots():
    book = Notebook().cell(
        "import xml.etree.ElementTree\nimport functools\nimport tlbench\n"
        "@functools.cache\n"
        "def even(n): return n == 0 or odd(n - 1)\n"
        "def odd(n): return n != 0 and even(n - 1)\n"
        "class Deep(tlbench.Strategy):\n"
        "    flag = even(0)\n"
        "    def fit(self, task, toolkit): return xml.etree.ElementTree.Element('a'), odd(3)\n"
    )
    text = text_of(book["Deep"], "deep")
    assert "import xml.etree.ElementTree\n" in text
    assert text.index("def even") < text.index("class Deep")
    exec(compile(text, "deep.py", "exec"), space := {"__name__": "deep"})
    assert space["Deep"].fit(None, None, None)[1] is True


def test_a_class_that_a_plugin_offers_already_keeps_its_name_and_needs_no_file():
    handed = handed_over([DomainAdversarial], [])
    assert list(handed.names.values()) == ["dann"]
    assert handed.files == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [("MixupDA", "mixup-da"), ("DANN", "dann"), ("HTTPServer2", "http-server2"), ("_My_Own", "my-own")],
)
def test_a_name_is_made_of_the_name_of_the_class(kind, name):
    assert strategy_name(type(kind, (), {})) == name


@pytest.mark.parametrize("value", [1, -2.5, float("inf"), "a'b\n", None, True, (), (1,), [1, (2, "x")], {"a": [1]}])
def test_a_literal_is_read_as_what_it_was(value):
    assert eval(literal(value)) == value


def test_what_is_no_literal_is_none():
    own = []
    own.append(own)
    assert [literal(value) for value in (own, {1: object()}, 1j, type("Int", (int,), {})(1))] == [None] * 4


# ---- runs -------------------------------------------------------------------------------------------------------


def test_a_class_of_a_notebook_runs_and_has_its_row_beside_what_the_suite_names(run, toy):
    found = run(toy, strategies=["feature-extraction", notebook()["MixupDA"]])
    assert not found.failed
    rows = {record.variant: record for record in found.records.values()}
    assert {"mixup-da", "feature-extraction"} <= rows.keys()
    assert "mixup-da" in str(found.leaderboard())
    again = run(toy, strategies=notebook()["MixupDA"])
    assert rows["mixup-da"].run_key in again.records
    other = run(toy, strategies=notebook(**{"SMOOTHING = 0.1": "SMOOTHING = 0.2"})["MixupDA"])
    assert rows["mixup-da"].run_key not in other.records
    assert not other.failed


def test_a_class_may_stand_in_a_dict(run, toy):
    toy["part"][0]["strategies"] = [notebook()["MixupDA"]]
    assert "mixup-da" in {record.variant for record in run(toy).records.values()}
