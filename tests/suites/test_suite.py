"""Suite files: everything that is wrong is named at once; what is right expands to pairs and variants."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tlbench.core.run_spec import Budget
from tlbench.errors import Faults, TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench.suites.overrides import apply_overrides
from tlbench.suites.pairs import expanded
from tlbench.suites.param_validation import check_params
from tlbench.suites.suite import (
    NamedVariant,
    Part,
    Suite,
    Variant,
    parse_pair,
)
from tlbench.suites.suite_file import read_suite

PLUGIN = """
import tlbench
from pydantic import Field, model_validator

class Fruit:
    domains = ("apple", "pear", "plum")

class Alone:
    domains = ("only",)

class Adapt:
    class Params(tlbench.Params):
        weight: float = Field(1.0, ge=0)
        hidden: int = 5
        @model_validator(mode="after")
        def rule(self):
            if self.hidden == 13 and self.weight == 13:
                raise ValueError("13 twice is bad luck")
            return self

class Plain:
    class Params(tlbench.Params):
        pass

class Needy:
    class Params(tlbench.Params):
        depth: int

@tlbench.hookimpl
def tlbench_register_datasets(register):
    register("t-fruit", Fruit)
    register("t-made", lambda: Fruit())
    register("t-alone", Alone)
    register("t-broken", "t_no_such_module:Data")

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("t-adapt", Adapt)
    register("t-plain", Plain)
    register("t-needy", Needy)
    register("t-broken", "t_no_such_module:Strategy")

@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("t-net", object())
    register("t-mlp:", object())

@tlbench.hookimpl
def tlbench_register_metrics(register):
    register("t-score", object())

@tlbench.hookimpl
def tlbench_register_suites(register):
    register("t-suite", "t_suites:good.toml")
    register("t-lost", "t_suites:lost.toml")
"""

HEAD = """
name = "trial"
dataset = "t-fruit"
backbones = ["t-net"]
seeds = [0, 1]
metrics = ["t-score"]
"""
PART = """
[[part]]
setting = "transductive"
pairs = "all"
strategies = ["t-adapt"]
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    package = tmp_path / "t_suites"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "good.toml").write_text(HEAD + PART)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "t_suites", raising=False)
    plugin = tmp_path / "trial_plugin.py"
    plugin.write_text(PLUGIN)
    return PluginHost(files=[plugin])


@pytest.fixture
def read(tmp_path, host):
    def read(text, **options):
        path = tmp_path / "trial.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_suite(str(path), host, **options)

    return read


@pytest.fixture
def faults(read):
    """The faults of a text, which must have some."""

    def faults(text, **options):
        with pytest.raises(Faults) as caught:
            read(text, **options)
        return caught.value.faults

    return faults


def part(**changes):
    """A part in TOML; None leaves a key out."""
    keys = {"setting": '"transductive"', "pairs": '"all"', "strategies": '["t-adapt"]', **changes}
    return "\n[[part]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)


# Files that cannot be read -------------------------------------------------------------------------------------------


def test_unknown_name_is_answered_with_the_nearest_and_the_way_to_give_a_file(host):
    with pytest.raises(TlbenchError, match=r"unknown suite 't-siute'; did you mean 't-suite'\?.*path of a TOML file"):
        read_suite("t-siute", host)


def test_missing_file(host, tmp_path):
    with pytest.raises(TlbenchError, match=r"absent\.toml' does not exist"):
        read_suite(str(tmp_path / "absent.toml"), host)


def test_directory_is_no_suite(host, tmp_path):
    with pytest.raises(TlbenchError, match="is a directory"):
        read_suite(str(tmp_path), host)


def test_bytes_that_are_not_utf_8(read):
    with pytest.raises(TlbenchError, match=r"trial\.toml: byte 9 is not UTF-8"):
        read(b'name = "\xff"')


def test_syntax_error_says_line_and_column(read):
    with pytest.raises(TlbenchError, match=r"trial\.toml: not valid TOML: .*line 2, column 9"):
        read('name = "a"\nseeds = = 3\n')


def test_suite_that_its_package_lacks(host):
    with pytest.raises(TlbenchError, match=r"suite 't-lost' of plugin 'trial_plugin' cannot be read"):
        read_suite("t-lost", host)


# Faults: one at a time -----------------------------------------------------------------------------------------------

SUITE_FAULTS = [
    ('name = "trial"', 'name = "../up"', "name: '../up' cannot name a folder"),
    ('name = "trial"', 'name = ".."', "name: '..' cannot name a folder"),
    ('name = "trial"', "", "name: is missing"),
    ('name = "trial"', 'name = "trial"\nbackbone = 3', "backbone: unknown key 'backbone'; did you mean 'backbones'?"),
    ('"t-fruit"', '"t-friut"', "dataset: unknown dataset 't-friut'; did you mean 't-fruit'?"),
    ('"t-fruit"', '"t-broken"', "dataset: 't-broken' of plugin 'trial_plugin' cannot be loaded"),
    ('"t-fruit"', '"t-alone"', "[[part]] 1: pairs: 'all' gives no pair"),
    ('"t-fruit"', "3", "dataset: 3 must be a valid string"),
    ('["t-net"]', "[]", "backbones: is empty"),
    ('["t-net"]', '["t-nat"]', "backbones item 1: unknown backbone 't-nat'; did you mean 't-net'?"),
    ('["t-net"]', '["t-net", "t-net"]', "backbones: 't-net' is there more than once"),
    ("[0, 1]", "[]", "seeds: is empty"),
    ("[0, 1]", "[0, 1, 0]", "seeds: 0 is there more than once"),
    ("[0, 1]", "[0, -1]", "seeds item 2: -1 must be greater than or equal to 0"),
    ("[0, 1]", '["0"]', "seeds item 1: '0' must be a valid integer"),
    ("[0, 1]", "[true]", "seeds item 1: True must be a valid integer"),
    ('["t-score"]', '["t-scor"]', "metrics item 1: unknown metric 't-scor'; did you mean 't-score'?"),
    (
        '["t-score"]',
        '["t-score"]\nselection = "lst"',
        "selection: unknown selection protocol 'lst'; did you mean 'last'",
    ),
    (
        '["t-score"]',
        '["t-score"]\nselection = "target-val"',
        "selection: 'target-val' works in the setting 'inductive' alone",
    ),
    ('["t-score"]', '["t-score"]\nevaluation = "held-in"', "evaluation: 'held-in' must be 'held-out' or"),
    ('["t-score"]', '["t-score"]\n[budget]\nsteps = 0', "[budget]: steps: 0 must be greater than or equal to 1"),
    ('["t-score"]', '["t-score"]\n[budget]\nstep = 9', "[budget]: step: unknown key 'step'; did you mean 'steps'?"),
    ('["t-score"]', '["t-score"]\n[training]\nlr = inf', "[training]: lr: inf must be a finite number"),
    ('["t-score"]', '["t-score"]\n[training]\nlr = nan', "[training]: lr: nan must be greater than 0"),
]


@pytest.mark.parametrize(("right", "wrong", "fault"), SUITE_FAULTS)
def test_fault_of_the_suite_names_key_and_value(faults, right, wrong, fault):
    found = faults((HEAD + PART).replace(right, wrong, 1))
    assert len(found) == 1
    assert found[0].startswith(fault)


PART_FAULTS = [
    ({"setting": None}, "setting: is missing"),
    ({"setting": '"inductiv"', "shots": "5"}, "setting: 'inductiv' must be", "did you mean 'inductive'?"),
    ({"setting": '"inductive"'}, "shots: is missing, and the setting 'inductive' needs it"),
    ({"setting": '"inductive"', "shots": "0"}, "shots: 0 is not allowed"),
    ({"setting": '"inductive"', "shots": "1.0"}, "shots: 1.0 is not allowed"),
    ({"setting": '"inductive"', "shots": "-0.5"}, "shots: -0.5 is not allowed"),
    ({"setting": '"inductive"', "shots": "true"}, "shots: True is not allowed"),
    ({"setting": '"inductive"', "shots": '[5, "some"]'}, "shots: 'some' is not allowed"),
    ({"setting": '"inductive"', "shots": "[]"}, "shots: the list is empty"),
    ({"setting": '"inductive"', "shots": "[5, 5]"}, "shots: 5 is there more than once"),
    ({"shots": "5"}, "shots: 5 does not go with the setting 'transductive'"),
    ({"setting": '"unsupervised"', "shots": "5"}, "shots: 5 does not go with the setting 'unsupervised'"),
    ({"pairs": "[]"}, "pairs: is empty"),
    ({"pairs": '"some"'}, "pairs: 'some': must be \"all\" or a list"),
    ({"pairs": '["apple"]'}, "pairs item 1: 'apple' must have exactly one colon"),
    ({"pairs": '["apple:pear", "pear:plumb"]'}, "pairs item 2: 'pear:plumb': unknown domain 'plumb'", "mean 'plum'?"),
    ({"pairs": '["weights:weights"]'}, "pairs item 1: 'weights:weights' has 'weights' as source and as target"),
    ({"strategies": "[]"}, "strategies: is empty"),
    ({"strategies": '"t-adapt"'}, "strategies: 't-adapt': must be a list of names"),
    ({"strategies": '["t-adpt"]'}, "strategies item 1: unknown strategy 't-adpt'", "did you mean 't-adapt'?"),
    ({"strategies": '["t-adapt", "t-adapt"]'}, "strategies: 't-adapt' is there more than once"),
    ({"backbones": "[]"}, "backbones: is empty"),
    ({"backbones": '["t-nat"]'}, "backbones item 1: unknown backbone 't-nat'"),
    ({"shot": "5"}, "shot: unknown key 'shot'; did you mean 'shots'?"),
]


@pytest.mark.parametrize(("changes", "fault", "guess"), [(*row, "")[:3] for row in PART_FAULTS])
def test_fault_of_a_part_says_which_part(faults, changes, fault, guess):
    found = faults(HEAD + PART + part(**changes))
    assert len(found) == 1
    assert found[0].startswith(f"[[part]] 2: {fault}")
    assert guess in found[0]


@pytest.mark.parametrize("name", ["source-only", "target-only", "oracle"])
def test_references_are_left_to_the_host(faults, name):
    (found,) = faults(HEAD + part(strategies=f'["{name}"]'))
    assert found.startswith(f"[[part]] 1: strategies item 1: '{name}' is a reference, which the host adds by itself")
    (found,) = faults(f'{HEAD}{PART}[strategies.weak]\nuse = "{name}"')
    assert found.startswith(f"[strategies.weak]: use: '{name}' is a reference")


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "part: is missing"), ("part = []", "part: is empty"), (PART.replace("[[part]]", "[part]"), "part: {")],
)
def test_a_suite_has_parts(faults, text, fault):
    (found,) = faults(HEAD + text)
    assert found.startswith(fault)


VARIANT_FAULTS = [
    ("weight = 0.1", "use: is missing"),
    ('use = "t-adpt"', "use: unknown strategy 't-adpt'; did you mean 't-adapt'?"),
    ('use = "t-adapt"\ngrid = {}', "grid: is empty"),
    ('use = "t-adapt"\ngrid = { weight = [] }', "grid.weight: is empty"),
    ('use = "t-adapt"\ngrid = { weight = 0.1 }', "grid.weight: 0.1 must be a valid list"),
    ('use = "t-adapt"\ngrid = { weight = [1, 1] }', "grid: 'weight' has 1 more than once"),
    ('use = "t-adapt"\nweight = 1\ngrid = { weight = [2] }', "'weight' stands in the grid and beside it"),
    ('use = "t-adapt"\nweight = nan', "weight: nan must be a finite number"),
    ('use = "t-adapt"\nweight = 2020-01-01', "weight: '2020-01-01' is a date"),
]


@pytest.mark.parametrize(("text", "fault"), VARIANT_FAULTS)
def test_fault_of_a_variant_names_it(faults, text, fault):
    (found,) = faults(f"{HEAD}{PART}[strategies.weak]\n{text}")
    assert found.startswith(f"[strategies.weak]: {fault}")


PARAM_FAULTS = [
    ("wieght = 1", "wieght: unknown parameter 'wieght'; did you mean 'weight'?"),
    ('weight = "1"', "weight: '1' must be a valid number"),
    ("hidden = 1.5", "hidden: 1.5 must be a valid integer"),
    ("grid = { weight = [1, -1], hidden = [1, 2] }", "grid.weight item 2: -1 must be greater than or equal to 0"),
    ("grid = { wieght = [1, 2] }", "grid.wieght: unknown parameter 'wieght'"),
    ("weight = 13\ngrid = { hidden = [1, 13] }", "13 twice is bad luck"),
]


@pytest.mark.parametrize(("text", "fault"), PARAM_FAULTS)
def test_parameters_are_checked_on_request_and_each_fault_is_told_once(read, faults, text, fault):
    text = f'{HEAD}{PART}[strategies.weak]\nuse = "t-adapt"\n{text}'
    (found,) = faults(text, with_params=True)
    assert found.startswith(f"[strategies.weak]: {fault}")
    assert check_params(read(text), PluginHost()) == []  # a strategy that is not installed has no say
    assert read(text).name == "trial"


def test_fault_that_members_of_a_grid_share_is_told_once(read, host):
    suite = read(f'{HEAD}{PART}[strategies.weak]\nuse = "t-adapt"\nx = 1\ngrid = {{ weight = [1, 2] }}')
    assert check_params(suite, host) == [
        "[strategies.weak]: x: unknown parameter 'x'. Known: hidden, weight (strategy 't-adapt')"
    ]


def test_parameter_for_a_strategy_without_any(faults):
    (found,) = faults(f'{HEAD}{PART}[strategies.weak]\nuse = "t-plain"\nx = 1', with_params=True)
    assert found == "[strategies.weak]: x: the strategy 't-plain' has no parameters; remove 'x'"


def test_strategy_without_a_variant_must_do_without_parameters(read, host):
    suite = read(HEAD + part(strategies='["t-needy"]'))
    assert check_params(suite, host) == ["[strategies.t-needy]: depth: is missing"]


def test_strategy_that_cannot_be_loaded_is_a_fault_when_parameters_are_checked(faults):
    (found,) = faults(HEAD + part(strategies='["t-broken"]'), with_params=True)
    assert "'t-broken' of plugin 'trial_plugin' cannot be loaded" in found


# Faults: together ----------------------------------------------------------------------------------------------------


def test_faults_of_form_name_and_parameter_are_in_one_report_in_the_order_of_the_file(read, tmp_path):
    text = HEAD.replace("[0, 1]", "[0, 0]").replace('["t-score"]', '["t-scor"]')
    text += part(setting='"inductive"', pairs='["apple:appel", "pear"]', strategies='["t-adpt", "oracle"]', shot="5")
    text += '[budget]\nsteps = "many"\n[strategies.weak]\nuse = "t-adapt"\nwieght = 1\n'
    with pytest.raises(Faults) as caught:
        read(text, with_params=True)
    title, *lines = str(caught.value).splitlines()
    assert title == f"{tmp_path / 'trial.toml'}: the suite cannot run"
    starts = ["seeds: 0", "metrics item 1: unknown", "[budget]: steps: 'many'"]
    starts += ["[[part]] 1: strategies item 2: 'oracle'", "[[part]] 1: shots: is missing", "[[part]] 1: shot: unknown"]
    starts += ["[[part]] 1: strategies item 1: unknown", "[[part]] 1: pairs item 1: 'apple:appel'"]
    starts += ["[[part]] 1: pairs item 2: 'pear'", "[strategies.weak]: wieght: unknown"]
    for start in starts:
        assert sum(line.startswith(f"  - {start}") for line in lines) == 1, start
    assert len(lines) == len(starts)
    sections = [next((n for n, s in enumerate(("[budget]", "[[part]]", "[strat")) if s in line), -1) for line in lines]
    assert sections == sorted(sections)


MALFORMED = ["3", "[3]", '"x"', "{ x = 3 }", "[[]]", "2020-01-01", "nan", "[{ x = [nan] }]"]
KEYS = ["name", "dataset", "backbones", "seeds", "selection", "budget", "training", "part", "strategies"]
WELL_FORMED = [("name", '"x"'), ("seeds", "[3]")]


@pytest.mark.parametrize(("key", "value"), [(k, v) for k in KEYS for v in MALFORMED if (k, v) not in WELL_FORMED])
def test_malformed_data_never_ends_in_anything_but_faults(faults, key, value):
    kept = [line for line in HEAD.splitlines() if not line.startswith(f"{key} =")]
    rest = "" if key == "part" else PART
    found = faults("\n".join([*kept, f"{key} = {value}", rest]))
    first = {"budget": "[budget]", "training": "[training]", "part": "[[part]]", "strategies": "[strategies."}
    assert any(fault.startswith((key, first.get(key, key))) for fault in found)


# Pairs and variants --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mnist", "exactly one colon"),
        ("a:b:c", "exactly one colon"),
        ("", "exactly one colon"),
        (":usps", "empty name"),
        ("mnist:", "empty name"),
        ("a++b:c", "empty name"),
        ("mnist:mnist", "as source and as target"),
        ("a+b:b", "as source and as target"),
        ("a+a:b", "'a' twice"),
        ("weights+a:b", "joins 'weights'"),
    ],
)
def test_what_is_no_pair(text, reason):
    with pytest.raises(TlbenchError, match=reason):
        parse_pair(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("mnist:usps", (("mnist",), "usps")),
        ("books+dvd:kitchen", (("books", "dvd"), "kitchen")),
        ("weights:pneumonia", (("weights",), "pneumonia")),
    ],
)
def test_pairs_as_users_type_them(text, pair):
    assert parse_pair(text) == pair


def test_all_pairs_are_ordered_pairs_of_distinct_domains(read):
    suite = read(HEAD + PART + part(pairs='["apple+pear:plum", "weights:pear"]'))
    pairs = suite.pairs(suite.part[0], ("a", "b", "c"))
    assert pairs == [((s,), t) for s, t in ("ab", "ac", "ba", "bc", "ca", "cb")]
    assert suite.pairs(suite.part[1], ()) == [(("apple", "pear"), "plum"), (("weights",), "pear")]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"pairs": '["cherry:*"]'}, "pairs item 1: 'cherry:*' matches no pair of the domains apple, pear, plum"),
        (
            {"pairs": '["apple+*:plum"]'},
            "matches no pair of the domains apple, pear, plum; a glob stands for pairs",
        ),
        ({"pairs": '"apple:*"'}, "pairs: 'apple:*': must be \"all\" or a list"),
        ({"classes": '"some"'}, "classes: 'some' must be 'all' or 'shared'"),
        ({"examples": "5"}, "examples: 5 does not go with the setting 'transductive'"),
        ({"setting": '"inductive"', "examples": "0"}, "examples: 0 is not allowed; write a positive whole number"),
        ({"setting": '"inductive"', "examples": "[]"}, "examples: the list is empty; write a positive"),
        ({"setting": '"inductive"', "examples": "[5, 5]"}, "examples: 5 is there more than once"),
        ({"setting": '"inductive"', "shots": '"50 examples"'}, "shots: '50 examples' is not allowed; write"),
        ({"setting": '"inductive"'}, "shots: is missing, and the setting 'inductive' needs it, or examples"),
    ],
)
def test_fault_of_globs_classes_and_examples(faults, changes, fault):
    assert any(fault in found for found in faults(HEAD + part(**changes))), faults(HEAD + part(**changes))


def test_validation_is_of_transductive_test_alone(faults, read):
    (fault,) = faults(HEAD + "validation = true" + PART)
    assert "validation: true is for evaluation = 'transductive-test'" in fault
    assert read(HEAD + 'validation = true\nevaluation = "transductive-test"' + PART).validation


@pytest.mark.parametrize(
    ("written", "pairs"),
    [
        (["apple:*"], ["apple:pear", "apple:plum"]),
        (["*:p*", "apple:pear"], ["apple:pear", "apple:plum", "pear:plum", "plum:pear"]),
        (["weights:p*"], ["weights:pear", "weights:plum"]),
        (["apple+pear:plum", "p[!l]*:*"], ["apple+pear:plum", "pear:apple", "pear:plum"]),
    ],
)
def test_globs_stand_for_the_pairs_of_two_domains_that_they_match_each_once(read, written, pairs):
    suite = read(HEAD + part(pairs=written))
    found = suite.pairs(suite.part[0], ("apple", "pear", "plum"))
    assert [f"{'+'.join(sources)}:{target}" for sources, target in found] == pairs


def test_a_domain_with_the_signs_of_a_glob_in_its_name_is_named_by_it():
    assert expanded(["a[1]:b", "*:b"], ["a[1]", "b"]) == ["a[1]:b"]


def test_label_budgets_by_class_come_before_those_in_all(read):
    budgets = part(setting='"inductive"', shots="[5, 0.1]", examples="[50, 1]")
    assert read(HEAD + budgets).part[0].label_budgets == [5, 0.1, "50 examples", "1 example"]
    assert read(HEAD + part(setting='"inductive"', examples="50")).part[0].label_budgets == ["50 examples"]
    assert read(HEAD + PART).part[0].label_budgets == [None]


def test_grid_is_a_cross_product_and_a_name_without_entry_is_the_strategy_itself(read):
    variants = '[strategies.weak]\nuse = "t-adapt"\nweight = 0.1\n'
    variants += '[strategies.wide]\nuse = "t-adapt"\nhidden = 3\ngrid = { weight = [0.01, 1.0], other = ["a", true] }\n'
    suite = read(HEAD + part(strategies='["t-plain", "weak", "wide"]') + variants)
    expanded = suite.variants(suite.part[0])
    assert expanded[:2] == [NamedVariant("t-plain", "t-plain", {}), NamedVariant("weak", "t-adapt", {"weight": 0.1})]
    names = ["0.01,other=a", "0.01,other=true", "1.0,other=a", "1.0,other=true"]
    assert [variant.name for variant in expanded[2:]] == [f"wide[weight={name}]" for name in names]
    assert expanded[3] == NamedVariant(
        "wide[weight=0.01,other=true]", "t-adapt", {"hidden": 3, "weight": 0.01, "other": True}, "wide"
    )


def test_everything_a_file_may_say_arrives(read):
    text = HEAD + 'selection = "source-val"\nevaluation = "transductive-test"\nsummary = "all"\n[budget]\nsteps = 7\n'
    text += part(setting='"inductive"', shots='[5, "all"]', backbones='["t-mlp:3"]', pairs='["apple:pear"]')
    suite = read(text, with_params=True)
    assert (suite.selection, suite.evaluation, suite.summary) == ("source-val", "transductive-test", "all")
    assert (suite.budget, suite.seeds, suite.metrics) == (Budget(steps=7), [0, 1], ["t-score"])
    assert suite.part[0] == Part(
        setting="inductive", shots=[5, "all"], backbones=["t-mlp:3"], pairs=["apple:pear"], strategies=["t-adapt"]
    )


def test_domains_of_a_dataset_that_a_callable_makes(read, faults):
    text = HEAD.replace("t-fruit", "t-made")
    assert read(text + part(pairs='["apple:pear"]')).dataset == "t-made"
    assert "unknown domain 'paer'" in faults(text + part(pairs='["apple:paer"]'))[0]


def test_built_in_suite_is_read_by_name(host):
    assert read_suite("t-suite", host, with_params=True).name == "trial"


def test_byte_order_mark_and_windows_line_ends_do_not_matter(read):
    assert read(b"\xef\xbb\xbf" + (HEAD + PART).replace("\n", "\r\n").encode()).name == "trial"


def test_reading_imports_no_torch(host, tmp_path):
    (tmp_path / "light.toml").write_text(HEAD + PART)
    code = (
        "import sys\nfrom tlbench.plugins.manager import PluginHost\nfrom tlbench.suites.suite_file import read_suite\n"
    )
    code += "read_suite('light.toml', PluginHost(['trial_plugin.py'])); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Published figures ---------------------------------------------------------------------------------------------------

CLAIMS = """dataset,source,target,setting,strategy,backbone,protocol,metric,value,plus_minus,citation,note,differs
t-fruit,apple,pear,transductive,source-only,t-net,,accuracy,VALUE,,Someone 2016,,
"""


def test_claims_are_read_from_beside_the_suite_file(host, tmp_path):
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "claims.csv").write_text(CLAIMS.replace("VALUE", "0.5"))
    (folder / "trial.toml").write_text(HEAD + 'claims = "claims.csv"\n' + PART)
    suite = read_suite(str(folder / "trial.toml"), host)
    assert [claim.value for claim in suite.published] == [0.5]
    assert apply_overrides(suite, ["t-adapt.weight=0.5"], host).published == suite.published


def test_claims_of_a_built_in_suite_are_in_its_package(host, tmp_path):
    (tmp_path / "t_suites" / "claims.csv").write_text(CLAIMS.replace("VALUE", "0.5"))
    (tmp_path / "t_suites" / "good.toml").write_text(HEAD + 'claims = "claims.csv"\n' + PART)
    assert [claim.citation for claim in read_suite("t-suite", host).published] == ["Someone 2016"]


def test_suite_without_claims_has_none(read):
    assert read(HEAD + PART).published == ()


def test_faults_of_claims_are_in_the_report_of_the_suite(faults, tmp_path):
    (tmp_path / "claims.csv").write_text(CLAIMS.replace("VALUE", "50").replace("transductive", "transductiv"))
    found = faults(HEAD.replace("[0, 1]", "[]") + 'claims = "claims.csv"\n' + PART)
    place = f"claims: {tmp_path / 'claims.csv'}:2"
    assert found[0] == "seeds: is empty; name at least one"
    assert found[1].startswith(f"{place}: setting: unknown setting 'transductiv'")
    assert found[2].startswith(f"{place}: value: 50.0 is no accuracy")
    assert len(found) == 3


@pytest.mark.parametrize(
    ("written", "fault"),
    [('"absent.csv"', "absent.csv: does not exist"), ('""', "is a directory"), ("3", "3 must be a valid string")],
)
def test_claims_that_are_no_file(faults, written, fault):
    (found,) = faults(HEAD + f"claims = {written}\n" + PART)
    assert found.startswith("claims: ")
    assert fault in found


# --set ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def suite(read):
    variants = '[strategies.weak]\nuse = "t-adapt"\nweight = 0.1\n'
    variants += '[strategies.wide]\nuse = "t-adapt"\ngrid = { weight = [1.0, 2.0] }\n'
    return read(HEAD + part(strategies='["t-adapt", "weak", "wide", "t-plain"]') + variants)


@pytest.mark.parametrize("text", ["weak", "weak.weight", "weak=1", ".weight=1", "weak.=1", "weak.weight=", ""])
def test_malformed_set_shows_the_right_form(suite, text):
    with pytest.raises(TlbenchError, match=r"--set '.*cannot be read; write it as --set strategy\.parameter=value"):
        apply_overrides(suite, [text])


def test_set_of_an_unknown_strategy(suite):
    with pytest.raises(TlbenchError, match=r"--set waek\.weight: unknown strategy 'waek'; did you mean 'weak'\?"):
        apply_overrides(suite, ["waek.weight=1"])


def test_set_of_a_number_that_is_not_finite(suite):
    with pytest.raises(TlbenchError, match=r"--set 'weak\.weight=inf': inf must be a finite number"):
        apply_overrides(suite, ["weak.weight=inf"])


def test_wrong_parameters_of_two_sets_are_both_named(suite, host):
    with pytest.raises(Faults) as caught:
        apply_overrides(suite, ["weak.wieght=1", "t-plain.x=2"], host)
    assert "--set weak.wieght=1 --set t-plain.x=2" in str(caught.value)
    assert "unknown parameter 'wieght'" in str(caught.value)
    assert "'t-plain' has no parameters; remove 'x'" in str(caught.value)


def params(suite):
    return {variant.name: variant.params for variant in suite.variants(suite.part[0])}


def test_set_of_a_variant_changes_it_alone_and_leaves_the_given_suite_as_it_is(suite, host):
    before = params(suite)
    after = params(apply_overrides(suite, ["weak.weight=0.5"], host))
    assert after == {**before, "weak": {"weight": 0.5}}
    assert params(suite) == before


def test_set_of_a_strategy_changes_every_variant_that_uses_it_and_ends_its_grid(suite):
    after = params(apply_overrides(suite, ["t-adapt.weight=0.5", "t-adapt.hidden=9"]))
    both = {"weight": 0.5, "hidden": 9}
    assert after == {"t-adapt": both, "weak": both, "wide": both, "t-plain": {}}


@pytest.mark.parametrize(
    ("written", "value"),
    [("3", 3), ("0.5", 0.5), ("true", True), ("[1, 2]", [1, 2]), ('"3"', "3"), ("cosine", "cosine"), ("a=b", "a=b")],
)
def test_value_of_set_is_toml_or_else_a_string(suite, written, value):
    found = params(apply_overrides(suite, [f"weak.weight={written}"]))["weak"]["weight"]
    assert (found, type(found)) == (value, type(value))


def test_suite_made_in_python_obeys_the_same_rules():
    fields = {"name": "a", "dataset": "d", "backbones": ["b"], "seeds": [0], "part": []}
    with pytest.raises(ValueError, match="part"):
        Suite(**fields)
    with pytest.raises(ValueError, match="needs it"):
        Part(setting="inductive", pairs="all", strategies=["x"])
    assert Variant(use="x", params={"weight": 1}).params == {"weight": 1}
