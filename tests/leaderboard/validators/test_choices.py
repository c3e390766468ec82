"""Choices that are made of known ratings, where what is lost and won is known."""

from __future__ import annotations

import numpy as np
import pytest

from tlbench.leaderboard.analysis.row_selection import choose_members
from tlbench.leaderboard.validators.choices import choices


def only(known, kind, votes=None):
    result_set = known.result_set()
    (found,) = [one for one in choices(result_set, result_set.cells, votes) if one.kind == kind]
    return found


def kinds(known):
    result_set = known.result_set()
    return [one.kind for one in choices(result_set, result_set.cells)]


def test_one_run_with_one_checkpoint_is_no_choice(known):
    known.run("dann", [0.5], snd=[1.0])
    assert kinds(known) == []


def test_of_equal_checkpoints_the_last_stands(known):
    known.run("dann", [0.5, 0.9, 0.7], source_val=[0.8, 0.8, 0.1])
    found = only(known, "checkpoint").quality("source-val")
    assert (found.regret, found.tied) == (0.0, True)
    assert found.gain == pytest.approx(0.2)


def test_a_protocol_that_a_run_lacks_is_not_judged(known):
    known.run("dann", [0.5, 0.9], source_val=[0.8, 0.8])
    assert only(known, "checkpoint").quality("mixval") is None


def test_reverse_validation_rates_the_last_step_alone_and_chooses_no_checkpoint(known):
    known.run("dann", [0.5, 0.9], reverse_validation=[None, 0.4])
    assert only(known, "checkpoint").quality("reverse-validation") is None


def test_a_member_is_chosen_with_its_checkpoint_and_the_best_of_all_is_what_it_is_judged_by(known):
    known.run("dann[1]", [0.5, 0.6], family="dann", entropy=[-3.0, -1.0])
    known.run("dann[2]", [0.9, 0.4], family="dann", entropy=[-2.0, -0.5])
    found = only(known, "member").quality("entropy")
    assert found.regret == pytest.approx(0.5)
    assert found.gain == pytest.approx(0.4 - 0.6)


def test_reverse_validation_chooses_among_members(known):
    known.run("dann[1]", [0.9, 0.6], family="dann", reverse_validation=[None, 0.4])
    known.run("dann[2]", [0.5, 0.8], family="dann", reverse_validation=[None, 0.6])
    assert only(known, "member").quality("reverse-validation").regret == pytest.approx(0.1)


def test_last_and_the_agreement_within_runs_choose_among_no_members(known):
    known.run("dann[1]", [0.5, 0.6], family="dann", ensv=[1.0, 0.9])
    known.run("dann[2]", [0.9, 0.4], family="dann", ensv=[1.0, 0.8])
    assert only(known, "member").quality("last") is None
    assert only(known, "member").quality("ensv") is None
    assert choose_members(known.result_set(), known.cells, "ensv", keep=False).cells == known.cells


def test_among_members_the_vote_of_their_predictions_is_the_ensemble(known):
    keys = [known.run(f"dann[{at}]", [0.5, score], family="dann") for at, score in enumerate((0.4, 0.8, 0.6))]
    votes = dict(zip(keys, (np.array([0, 1, 1, 1]), np.array([0, 1, 2, 1]), np.array([2, 2, 2, 1])), strict=True))
    assert only(known, "member", votes).quality("ensv").regret == 0.0


def test_a_missing_run_leaves_no_choice_and_a_failed_one_is_no_candidate(known):
    for at in range(3):
        known.run(f"dann[{at}]", [0.5], family="dann", snd=[float(at)], status="timeout" if at == 2 else "ok")
    assert len(only(known, "member").records) == 2
    known.records.popitem()
    assert kinds(known) == []


def test_the_gate_is_a_matter_of_all_members(known):
    known.run("dann[1]", [0.2, 0.2], family="dann", snd=[9.0, 8.0], source_val=[0.1, 0.1])
    known.run("dann[2]", [0.7, 0.8], family="dann", snd=[1.0, 2.0], source_val=[0.9, 0.9])
    found = only(known, "member")
    assert found.quality("snd").regret == pytest.approx(0.6)
    assert found.quality("snd-gated").regret == pytest.approx(0.0)


def test_strategies_are_chosen_at_their_last_step_and_source_only_stands_in_a_tie(known):
    known.run("dann", [0.99, 0.6], source_val=[0.1, 0.9])
    known.run("source-only", [0.99, 0.8], role="reference", source_val=[0.1, 0.9])
    found = only(known, "strategy").quality("source-val")
    assert (found.regret, found.tied) == (0.0, True)
    assert found.possible == pytest.approx(0.1)


def test_chance_loses_what_the_best_has_above_the_mean(known):
    known.run("dann", [0.5, 0.9])
    assert only(known, "checkpoint").random.regret == pytest.approx(0.2)


# --- ties among members


def tied(known, protocol):
    known.run("dann[1]", [0.5], family="dann", protocol=protocol, source_val=[0.9], infomax=[0.1])
    known.run("dann[2]", [0.6], family="dann", protocol=protocol, source_val=[0.9], infomax=[0.3])
    known.run("dann[3]", [0.7], family="dann", protocol=protocol, source_val=[0.8], infomax=[0.9])
    (chosen,) = choose_members(known.result_set(), known.cells, "source-val", keep=False).cells
    return known.records[chosen.run_key].variant


def test_of_equal_members_of_the_published_protocol_the_first_stands(known):
    assert tied(known, 1) == "dann[1]"


def test_of_equal_members_of_a_later_protocol_a_second_validator_decides(known):
    assert tied(known, 2) == "dann[2]"


def test_members_that_no_second_validator_tells_apart_stay_in_their_order(known):
    for name in ("dann[1]", "dann[2]"):
        known.run(name, [0.5], family="dann", protocol=2, source_val=[0.9])
    (chosen,) = choose_members(known.result_set(), known.cells, "source-val", keep=False).cells
    assert known.records[chosen.run_key].variant == "dann[1]"


def test_a_second_validator_does_not_choose_where_the_first_rates_nothing(known):
    for name, infomax in (("dann[1]", 0.1), ("dann[2]", 0.9)):
        known.run(name, [0.5], family="dann", protocol=2, source_val=[None], infomax=[infomax])
    (chosen,) = choose_members(known.result_set(), known.cells, "source-val", keep=False).cells
    assert known.records[chosen.run_key].variant == "dann[1]"
