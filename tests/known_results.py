"""Results on disk with known numbers."""

from __future__ import annotations

import json
from pathlib import Path

from tlbench.core.run_spec import Budget, Compute, RunSpec, Training
from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.records.record import Cost, Failure, Seconds, Seen, Throughput, new_record


def spec_of(**changes):
    """The description of a run of DANN from `syn` to `uci`, with changes."""
    usual = {
        "strategy": "dann",
        "strategy_version": "1",
        "params": {},
        "dataset": "digits",
        "revisions": {"uci": "r"},
        "backbone": "small-cnn",
        "backbone_version": "1",
        "source": ("syn",),
        "target": "uci",
        "setting": "transductive",
        "shots": None,
        "evaluation": "held-out",
        "seed": 0,
        "budget": Budget(),
        "training": Training(),
        "compute": Compute(),
    }
    return RunSpec(**{**usual, **changes})


class Results:
    """A results folder, filled cell by cell; `result_set()` reads it as the command line would."""

    def __init__(self, folder: Path, metrics=("accuracy", "macro_f1")) -> None:
        self.folder = folder
        self.metrics = list(metrics)
        self.selection = "last"
        self.cells: list[dict] = []
        folder.mkdir(parents=True)

    def record(self, variant, source, target, seed, score, *, setting, shots=None, status="ok", **rest):
        """Store a record with one score, or scores by protocol; its key."""
        sources = tuple(source.split("+")) if source else ()
        spec = spec_of(
            strategy=variant,
            source=sources,
            target=target,
            setting=setting,
            shots=shots,
            seed=seed,
            revisions={target: "r"},
        )
        by_protocol = score if isinstance(score, dict) else {"last": score}
        ok = status == "ok"
        metrics = (
            {p: {"checkpoint": 600, **dict.fromkeys(self.metrics, s)} for p, s in by_protocol.items()} if ok else {}
        )
        rest.setdefault(
            "throughput", Throughput(train_examples_per_second=8412.4, inference_examples_per_second=20111.0)
        )
        # Of what is known here, all but the references adapt.
        adapts = variant not in ("source-only", "target-only", "oracle")
        seen = Seen(phase="adaptation", updates=600, labelled=38400, unlabelled=38400 if adapts else 0)
        rest.setdefault("seen", [seen] if ok else [])
        rest.setdefault("seconds", Cost(own=Seconds(total=4.2), shared=Seconds(total=1.5)))
        if status not in ("ok", "skipped"):
            rest.setdefault("error", Failure(type="Timeout", message=rest.get("reason") or "", log=["the last line"]))
        record = new_record(spec, variant, status, {}, metrics=metrics, **rest)
        (self.folder / f"{record.run_key}.json").write_text(record.model_dump_json())
        return record.run_key

    def cell(self, variant, pair, seed, key, *, setting, references=None, role="strategy", shots=None):
        """Ask for a run in the plan."""
        source, _, target = pair.partition(":")
        self.cells.append(
            {
                "variant": variant,
                "strategy": variant,
                "params": {},
                "backbone": "small-cnn",
                "source": source.split("+"),
                "target": target,
                "setting": setting,
                "shots": shots,
                "evaluation": "held-out",
                "seed": seed,
                "role": role,
                "run_key": key,
                "references": references or {},
            }
        )

    def transductive(self, scores, seeds, source_only, oracle=0.98, **rest):
        """`scores[variant][pair]` and `source_only[pair]` are a list by seed; None is a run that is not there."""
        for pair in source_only:
            source, _, target = pair.partition(":")
            for index, seed in enumerate(seeds):
                lower = self.record(
                    "source-only", source, target, seed, source_only[pair][index], setting="transductive"
                )
                upper = self.record("oracle", "", target, seed, oracle, setting="inductive", shots="all")
                references = {"source-only": lower, "oracle": upper}
                for name, key in references.items():
                    self.cell(name, pair, seed, key, setting="transductive", role="reference", references=references)
                for variant, pairs in scores.items():
                    score = pairs[pair][index]
                    key = f"absent-{variant}-{pair}-{seed}".replace("/", "").replace(":", "-")
                    if isinstance(score, tuple):
                        status, reason = score
                        options = {"setting": "transductive", "status": status, "reason": reason}
                        key = self.record(variant, source, target, seed, None, **options)
                    elif score is not None:
                        key = self.record(variant, source, target, seed, score, setting="transductive", **rest)
                    self.cell(variant, pair, seed, key, setting="transductive", references=references)

    def inductive(self, variant, pair, seeds, scores, without, target_only, shots=5):
        """Scores by seed with the source, of the same algorithm without it, and of target-only."""
        source, _, target = pair.partition(":")
        options = {"setting": "inductive", "shots": shots}
        for index, seed in enumerate(seeds):
            base = self.record("target-only", "", target, seed, target_only[index], **options)
            self.cell("target-only", pair, seed, base, role="reference", references={}, **options)
            key = self.record(variant, source, target, seed, scores[index], **options)
            alone = self.record(variant, "", target, seed, without[index], **options)
            references = {"target-only": base, "without-source": alone}
            self.cell(variant, pair, seed, key, references=references, **options)

    def result_set(self):
        """Write the plan and read everything back."""
        plan = {
            "suite": "digits",
            "dataset": "digits",
            "primary_metric": self.metrics[0],
            "metrics": self.metrics,
            "selection": self.selection,
            "seeds": sorted({cell["seed"] for cell in self.cells}),
            "cells": self.cells,
        }
        (self.folder / "plan.json").write_text(json.dumps(plan))
        return load_result_set(self.folder)
