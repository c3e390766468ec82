"""When a run that was made again counts as the published one."""

from __future__ import annotations

import pytest
from known_results import spec_of

from tlbench.core.run_spec import Compute
from tlbench.errors import TlbenchError
from tlbench.records.record import Failure, new_record
from tlbench.verification.reproducibility import REPRODUCED, judge
from tlbench.verification.run_sample import differing, draw

HERE = {"device": "cpu", "cpu": "one", "python": "3.11.1", "libraries": {"torch": "2.9"}, "git_sha": "a" * 40}


def record(score=0.5, seed=0, provenance=HERE, status="ok", **changes):
    spec = spec_of(seed=seed, **changes)
    metrics = {"last": {"checkpoint": 600, "accuracy": score}} if status == "ok" else {}
    error = None if status == "ok" else Failure(type="Crash", message="SIGSEGV")
    return new_record(spec, "dann", status, {}, metrics=metrics, provenance=provenance, error=error)


def verdict(published, here, others=(0.48, 0.50, 0.52), differs=()):
    return judge(published, here, others, "accuracy", "last", differs)


def test_a_run_that_fails_here_is_no_reproduction_and_says_how_it_ended():
    found = verdict(record(), record(status="crashed"))
    assert found.verdict == "failed"
    assert found.verdict not in REPRODUCED
    assert "crashed: SIGSEGV" in found.reasons


def test_another_last_bit_on_the_same_machine_with_the_same_versions_is_different():
    found = verdict(record(0.5), record(0.5 + 1e-9))
    assert found.verdict == "different"
    assert found.verdict not in REPRODUCED


def test_the_same_to_the_last_bit_is_identical_wherever_it_was_made():
    found = verdict(record(0.5), record(0.5, provenance={**HERE, "cpu": "another"}))
    assert found.verdict == "identical"
    assert found.verdict in REPRODUCED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cpu": "another"}, "processor one, here another"),
        ({"libraries": {"torch": "2.10"}}, "torch 2.9, here 2.10"),
        ({"libraries": {}}, "torch 2.9, here absent"),
        ({"git_sha": "b" * 40}, "commit aaaaaaaaaaaa, here bbbbbbbbbbbb"),
        ({"device": "NVIDIA"}, "not deterministic on this device (see --deterministic)"),
    ],
)
def test_what_explains_another_result_is_named_and_the_seeds_decide(change, said):
    found = verdict(record(0.5), record(0.53, provenance={**HERE, **change}))
    assert found.verdict == "within the seeds"
    assert said in found.reasons
    # 4.303 · 0.02 · √(4/3) = 0.0994 around 0.5
    assert verdict(record(0.5), record(0.599, provenance={**HERE, **change})).verdict == "within the seeds"
    assert verdict(record(0.5), record(0.600, provenance={**HERE, **change})).verdict == "outside the seeds"


def test_without_three_seeds_there_is_nothing_to_decide_by():
    found = verdict(record(0.5), record(0.53, provenance={**HERE, "cpu": "another"}), others=(0.5, 0.52))
    assert found.verdict == "undecided"
    assert found.verdict not in REPRODUCED


def test_what_two_descriptions_have_otherwise_is_named():
    other = record(revisions={"uci": "s"}, compute=Compute(device="cuda"))
    assert differing(record().spec, other.spec) == ["data", "device kind, threads or determinism"]
    assert differing(record().spec, record(seed=1).spec) == []  # another run, not the same one made otherwise


def test_a_draw_is_the_same_for_its_number_and_leaves_out_what_failed():
    records = [record(seed=seed) for seed in range(20)] + [record(seed=99, status="failed")]
    first = draw(records, 5, 0)
    assert [one.seed for one in first] == [one.seed for one in draw(reversed(records), 5, 0)]
    assert [one.seed for one in first] != [one.seed for one in draw(records, 5, 1)]
    assert len(draw(records, 50, 0)) == 20
    with pytest.raises(TlbenchError, match="no run of it is ok"):
        draw([record(status="failed")], 1, 0)
