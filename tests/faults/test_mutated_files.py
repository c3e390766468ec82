"""Files that were cut, flipped and rewritten: each is read as what it is, or named as damaged; never a traceback."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from faults import many
from known_results import spec_of
from mutations import mutated
from toy_suite import SUITE

from tlbench.core.run_spec import Budget
from tlbench.errors import TlbenchError
from tlbench.leaderboard.analysis.result_set import load_result_set, read_plan
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.renderers import render
from tlbench.plugins.manager import plugin_host
from tlbench.records.record import Failure, Record, Seen, new_record
from tlbench.records.record_file import DamagedRecord, parse_record, record_content
from tlbench.records.result_folder import ResultFolder
from tlbench.suites.claims import read_claims
from tlbench.suites.suite_file import read_suite

SUITES = Path(__file__).parents[2] / "plugins" / "tlbench_suites"


@pytest.fixture(scope="module")
def record():
    return new_record(
        spec_of(budget=Budget(steps=40)),
        "dann",
        "ok",
        {"oracle": "0" * 20},
        metrics={"last": {"checkpoint": 40, "accuracy": 0.7512345678901, "macro_f1": 0.5}},
        checkpoints=[10, 40],
        selection={"last": [10.0, 40.0]},
        seen=[Seen(phase="source", updates=40, labelled=2560, unlabelled=0)],
        curve=[{"step": 10, "loss": 1.25}, {"step": 40, "loss": 0.5}],
        notes=["a note"],
        error=Failure(type="E", message="m", log=["one", "two"]),
    )


def test_a_record_that_is_cut_anywhere_is_damaged(record):
    content = record_content(record).encode()
    for length in range(len(content) - 1):
        with pytest.raises(DamagedRecord):
            parse_record(content[:length], "there", "upgrade")
    assert parse_record(content[:-1], "there", "upgrade") == record  # less the end of its last line


def test_no_flipped_bit_gives_another_record(record):
    content, random_, damaged = record_content(record).encode(), random.Random(1), 0
    every = [(byte, bit) for byte in range(len(content)) for bit in range(8)]
    for byte, bit in random_.sample(every, min(len(every), 3000)):
        changed = bytearray(content)
        changed[byte] ^= 1 << bit
        try:
            assert parse_record(bytes(changed), "there", "upgrade") == record
        except DamagedRecord:
            damaged += 1
    assert damaged > 2900


def test_a_record_of_earlier_versions_is_read_or_named_whatever_was_done_to_it(record):
    content, random_ = record.model_dump_json(indent=1).encode(), random.Random(2)
    for _ in range(many(1000, 3000)):
        try:
            assert isinstance(parse_record(mutated(content, random_), "there", "upgrade"), Record)
        except TlbenchError as error:
            assert "there" in str(error)


def test_a_suite_goes_on_without_its_damaged_records(record, tmp_path):
    folder = ResultFolder(tmp_path, "digits")
    folder.create()
    random_ = random.Random(3)
    for seed in range(many(40, 200)):
        other = new_record(spec_of(seed=seed), "dann", "ok", {})
        folder.write(other)
        path = folder.record_file(other.run_key)
        if seed % 2:
            path.write_bytes(mutated(path.read_bytes(), random_))
    whole = list(folder.records())
    assert {one.seed for one in whole} >= set(range(0, many(40, 200), 2))
    for one in whole:
        assert one == new_record(spec_of(seed=one.seed), "dann", "ok", {})


@pytest.fixture(scope="module")
def suites():
    return [SUITE.encode(), *(path.read_bytes() for path in sorted(SUITES.glob("*.toml")))]


def test_a_mutated_suite_is_read_or_refused_in_words(suites, tmp_path):
    host, random_, path = plugin_host(), random.Random(4), tmp_path / "suite.toml"
    for name in ("digits-real.claims.csv", "digits-real.md"):
        (tmp_path / name).write_bytes((SUITES / name).read_bytes())
    refused = 0
    for _ in range(many(150, 4000)):
        path.write_bytes(mutated(random_.choice(suites), random_))
        try:
            read_suite(str(path), host)
        except TlbenchError as error:
            refused += 1
            assert str(error)
    assert refused > 20


def test_mutated_claims_are_read_or_refused_in_words(tmp_path):
    random_, path, refused = random.Random(5), tmp_path / "claims.csv", 0
    contents = [file.read_bytes()[:4000].rpartition(b"\n")[0] + b"\n" for file in sorted(SUITES.glob("*.claims.csv"))]
    for _ in range(many(300, 3000)):
        path.write_bytes(mutated(random_.choice(contents), random_))
        try:
            assert all(0 <= (claim.decimals or 0) < 50 for claim in read_claims(path))
        except TlbenchError as error:
            refused += 1
            assert "claims.csv" in str(error)
    assert refused > 20


def test_a_mutated_plan_is_shown_or_refused_in_words(results):
    results.transductive({"dann": {"a:b": [0.7, 0.8]}, "coral": {"a:b": [0.6, 0.6]}}, [0, 1], {"a:b": [0.5, 0.52]})
    results.result_set()
    path, random_, refused = results.folder / "plan.json", random.Random(6), 0
    content = json.dumps(json.loads(path.read_text()), indent=1).encode()
    for index in range(many(150, 3000)):
        path.write_bytes(mutated(content, random_))
        ResultFolder(results.folder.parent, "digits").plan_content()
        try:
            read_plan(results.folder)
            if index % 5 == 0:
                render(leaderboard(load_result_set(results.folder)), "table")
        except TlbenchError as error:
            refused += 1
            assert str(error)
    assert refused > 20


@pytest.mark.parametrize(
    "exponent", ["1e-99999999999999999999", "1e-999999", "0.5e-99999999999999999999", "1" + "0" * 5000]
)
def test_a_figure_with_an_absurd_exponent_is_one_message(tmp_path, exponent):
    first = next(csv.DictReader((SUITES / "digits-real.claims.csv").read_text().splitlines()))
    path = tmp_path / "claims.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerow({**first, "value": exponent})
    with pytest.raises(TlbenchError, match=r"claims.csv:2: value: "):
        read_claims(path)
