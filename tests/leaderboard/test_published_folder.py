"""A published folder as a result set, and what is made of result sets for the summary."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tlbench.errors import TlbenchError
from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.publishing.harm_counts import harm, harm_of_all
from tlbench.publishing.index_readme import summary
from tlbench.publishing.page_inputs import read_page_inputs
from tlbench.publishing.published_files import suite_files, summary_files, write

SEEDS = [0, 1, 2]


@pytest.fixture
def folder(results, tmp_path):
    """A published folder of three runs."""
    results.transductive({"dann": {"syn:uci": [0.6]}}, [0], {"syn:uci": [0.4]})
    results.result_set()
    write(suite_files(read_page_inputs(results.folder), tmp_path / "out"))
    return tmp_path / "out" / "digits"


def _records(folder):
    return (folder / "records.jsonl").read_text().splitlines()


# --- bad input


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda lines: [lines[0], lines[1][:-9], lines[2]],
            r"damaged record .*records.jsonl:2: it is no JSON of a rec",
        ),
        (lambda lines: [lines[0].replace('"status":"ok"', '"status":"fine"')], r"damaged record .*records.jsonl:1: "),
        (lambda lines: [*lines, lines[0]], r"records.jsonl:4: the run \w+ stands in line 1 too"),
        (
            lambda lines: [lines[0].replace('"schema_version":1', '"schema_version":99,"more":1')],
            "newer tlbench; upgrade",
        ),
        (lambda lines: ["", "[]"], r"records.jsonl:2: it is no JSON of a record"),
    ],
)
def test_damage_is_named_with_its_line(folder, damage, message):
    (folder / "records.jsonl").write_text("\n".join(damage(_records(folder))))
    for read in (load_result_set, read_page_inputs):
        with pytest.raises(TlbenchError, match=message):
            read(folder)


def test_a_record_of_another_suite_is_refused(folder, make_results):
    other = make_results("other")
    other.record("fine-tune", "syn", "uci", 7, 0.5, setting="inductive", shots=5)
    (line,) = [json.dumps(json.loads(path.read_text())) for path in other.folder.glob("*.json")]
    (folder / "records.jsonl").write_text("\n".join([*_records(folder), line]))
    with pytest.raises(
        TlbenchError, match=r"jsonl:4: the plan .* \(fine-tune on syn:uci of 'digits', seed 7, \w+\); a"
    ):
        load_result_set(folder)


def test_a_folder_without_its_plan_says_so(folder):
    (folder / "plan.json").unlink()
    with pytest.raises(TlbenchError, match=r"no whole published folder: .*plan.json does not exist; take the file"):
        load_result_set(folder)


def test_names_with_paths_of_the_machine_are_refused(results):
    results.transductive({}, [0], {"syn:uci": [0.4]})
    results.result_set()
    path = results.folder / "plan.json"
    path.write_text(path.read_text().replace('"dataset": "digits"', '"dataset": "csv:/home/me/x.csv"'))
    with pytest.raises(TlbenchError, match=r"dataset: 'csv:/home/me/x.csv'"):
        read_page_inputs(results.folder)


def test_damaged_results_are_not_published(results):
    key = results.record("dann", "syn", "uci", 0, 0.5, setting="transductive")
    results.cell("dann", "syn:uci", 0, key, setting="transductive")
    results.result_set()
    (results.folder / f"{key}.json").write_text("{")
    with pytest.raises(TlbenchError, match="damaged record"):
        read_page_inputs(results.folder)


# --- what it is good for


def test_its_board_is_that_of_the_results(folder, results):
    assert load_result_set(folder).frame.equals(results.result_set().frame)


def test_fields_that_a_later_tlbench_knows_are_not_added_to_what_is_published(folder):
    """Records that lack a field with a default, as those of an older tlbench do."""
    old = [json.loads(line) for line in _records(folder)]
    for record in old:
        del record["health"]
    text = "".join(json.dumps(r, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for r in old)
    (folder / "records.jsonl").write_text(text)
    made = suite_files(read_page_inputs(folder), folder.parent)
    assert made[folder / "records.jsonl"] == text.encode()
    assert made[folder / "plan.json"] == (folder / "plan.json").read_bytes()


def test_verdicts_are_counted_by_strategy_and_cells_that_hurt_are_named(results):
    scores = {"dann": {"syn:uci": [0.299, 0.31, 0.301], "uci_m:uci": [0.599, 0.61, 0.601]}}
    results.transductive(scores, SEEDS, {"syn:uci": [0.50, 0.51, 0.50], "uci_m:uci": [0.40, 0.41, 0.40]})
    result_set = results.result_set()
    found = harm(result_set)
    assert found.verdicts == {"dann": {"helps": 1, "hurts": 1}}
    line = "digits · transductive · small-cnn · held-out · selection: last: dann on syn:uci (+20.0 points ± 0.2)"
    assert found.lines == [line]
    text = summary({"digits": result_set}, "What this is.")
    assert any(line.split("|")[1:3] == [" dann       ", f"{'1 / 1 / 0 / 0 / 0':>29} "] for line in text.splitlines())
    assert f"- {line}\n" in text
    assert "<details>" not in text
    assert text.startswith("# Published tables\n\nWhat this is.\n\n## Suites\n")


def test_a_long_list_of_harm_is_folded_and_none_is_said(results, make_results):
    pairs = [f"d{number}:uci" for number in range(13)]
    hurt = {"dann": {pair: [0.299, 0.31, 0.301] for pair in pairs}}
    results.transductive(hurt, SEEDS, {pair: [0.50, 0.51, 0.50] for pair in pairs})
    assert "<details><summary>All 13, with their gaps</summary>" in summary({"digits": results.result_set()}, "")
    calm = make_results("calm")
    calm.transductive({"dann": {"syn:uci": [0.4]}}, [0], {"syn:uci": [0.4]})
    assert "None is shown to." in summary({"digits": calm.result_set()}, "")


def test_a_cell_that_two_suites_share_counts_once_and_one_seed_counts_nothing(results, make_results):
    hurt = {"dann": {"syn:uci": [0.299, 0.31, 0.301]}}
    again, single = make_results("again"), make_results("single")
    for board in (results, again):
        board.transductive(hurt, SEEDS, {"syn:uci": [0.50, 0.51, 0.50]})
    single.transductive({"dann": {"syn:uci": [0.3]}}, [0], {"syn:uci": [0.5]})
    boards = {"digits": results, "again": again, "single": single}
    result_sets = {name: board.result_set() for name, board in boards.items()}
    found = harm_of_all(result_sets)
    assert (found["digits"].hurt, found["digits"].elsewhere) == (1, 0)
    assert (found["again"].hurt, found["again"].elsewhere, found["again"].lines) == (0, 1, [])
    assert found["single"].verdicts == {}
    text = summary(result_sets, "")
    assert "A cell counts once: 1 cell that a suite shares with one before it is left out." in text
    assert "1, no intervals |" in text


def test_cross_checks_are_counted_apart_from_published_figures(results, with_claims, claim):
    results.transductive({}, SEEDS, {"syn:uci": [0.6, 0.61, 0.6]})
    text = summary({"digits": with_claims(claim(value=0.601), claim(value=0.603, kind="cross-check"))}, "")
    published, _, checks = text.partition("## Cross-checks")
    assert "| all                        |            1 |" in published
    assert "| all                        |            1 |" in checks


def test_published_figures_are_counted_by_suite(results, with_claims, claim):
    results.transductive({}, SEEDS, {"syn:uci": [0.6, 0.61, 0.6]})
    result_set = with_claims(claim(value=0.601), claim(strategy="dann"))
    text = summary({"digits": result_set}, "")
    assert "| all                        |            1 |        0 |       0 |              0 |" in text


def test_the_summary_reads_its_neighbours_and_a_damaged_one_is_named(folder):
    there = summary_files(folder.parent)
    assert b"[digits](digits/README.md)" in there[folder.parent / "README.md"]
    assert b'<a href="digits/index.html">digits</a>' in there[folder.parent / "index.html"]
    (folder / "records.jsonl").write_text("{}")
    with pytest.raises(TlbenchError, match="damaged record"):
        summary_files(folder.parent)


def test_nothing_heavy_is_imported(folder):
    code = f"""
import sys
from pathlib import Path
from tlbench.publishing.published_files import suite_files, summary_files
from tlbench.publishing.page_inputs import read_page_inputs
material = read_page_inputs(Path({str(folder)!r}))
assert suite_files(material, Path({str(folder.parent)!r})) and summary_files(Path({str(folder.parent)!r}))
print([name for name in ["torch", "sklearn", "timm", "transformers", "datasets"] if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
