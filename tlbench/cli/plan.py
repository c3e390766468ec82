"""`tlbench plan SUITE`: what would run, what is shared, what is done, what it will cost. Runs nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from tlbench.cli import options
from tlbench.cli.durations import roughly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tlbench.planning.plan import PlannedRun
    from tlbench.records.result_folder import ResultFolder
    from tlbench.runner.prepare import PreparedSuite

EPILOG = """Examples:

  tlbench plan digits

  tlbench plan my-suite.toml --pair 'a:*' --json"""


def plan(
    suite: options.SuiteName,
    results: options.Results = options.RESULTS,
    strategy: options.Strategies = None,
    pair: options.Pairs = None,
    backbone: options.Backbones = None,
    seed: options.Seeds = None,
    setting: options.Settings = None,
    shots: options.Shots = None,
    set_: options.Set = None,
    device: options.Device = "auto",
    workers: options.Workers = None,
    threads: options.Threads = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    trust_remote_code: options.TrustRemoteCode = None,
    run_code: options.RunCode = False,
    deterministic: options.Deterministic = False,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Show what would run, what is shared and done already, and the estimated cost."""
    options.use_data(data)

    from tlbench.runner.prepare import Request, prepare

    filters = options.filters(strategy=strategy, pair=pair, backbone=backbone, seed=seed, setting=setting, shots=shots)
    files = options.files(plugin, suite, run_code)
    overrides, trusted = tuple(set_ or ()), tuple(trust_remote_code or ())
    ready = prepare(
        Request(
            suite=suite,
            plugin_files=files,
            overrides=overrides,
            filters=filters,
            device=device,
            workers=workers,
            threads=threads,
            deterministic=deterministic,
            trusted=trusted,
        )
    )
    summary = summarise(ready, ready.results(results))
    typer.echo(json.dumps(summary, indent=1) if as_json else _text(summary))
    return 0


def summarise(ready: PreparedSuite, results: ResultFolder) -> dict[str, Any]:
    """What `plan` says, as plain data. Damaged records count as not done; nothing is written."""
    from tlbench.cli.cost_estimate import estimate_seconds
    from tlbench.cli.timing_trials import Trials
    from tlbench.errors import TlbenchError
    from tlbench.execution.source_model_cache import SourceModels

    to_do, done, skipped = [], 0, Counter[str]()
    for key, run in ready.plan.runs.items():
        if run.skip is not None:
            skipped[f"{run.variant} ({run.spec.setting}): {run.skip}"] += 1
            continue
        try:
            record = results.read(key)
        except TlbenchError:
            record = None
        if run.is_answered_by(record):
            done += 1
        else:
            to_do.append(run)
    models = {run.spec.source_model().key: run.spec.source_model() for run in to_do if run.needs_source_model}
    missing = [spec for key, spec in models.items() if not SourceModels(ready.cache).has(key)]
    trials = Trials(ready)
    preparing = sum(trials.preparing_seconds(name, domains) for name, domains in _asked_of(to_do).items())
    seconds, basis = estimate_seconds(to_do, missing, results, trials.step_seconds)
    basis = "; ".join(dict.fromkeys([basis, *trials.faults]))
    found = {
        "suite": ready.suite.name,
        "device": ready.machine.device,
        "workers": ready.machine.workers,
        "runs": len(ready.plan.runs) - sum(skipped.values()),
        "done": done,
        "to_do": dict(Counter(f"{run.variant} ({run.spec.setting})" for run in to_do)),
        "shared_trainings": len(missing),
        "shared_trainings_users": sum(run.needs_source_model for run in to_do),
        "second_trainings": sum(run.reverse for run in to_do),
        "skipped": dict(skipped),
        "shared_examples": [shared.text for shared in ready.plan.shared],
        "notes": [note.text for note in ready.plan.notes],
        "estimated_seconds": round(preparing + seconds / ready.machine.workers, 1),
        "preparing_seconds": round(preparing, 3),
        "estimate_from": basis,
        "choices": ready.machine.choices,
    }
    return found | ({"figures_without_a_row": lines} if (lines := _figures(ready)) else {})


def _figures(ready: PreparedSuite) -> list[str]:
    """What the suite's published figures are of and no table of it can hold."""
    if not ready.suite.published:
        return []
    from tlbench.leaderboard.analysis.result_set import PlanHeader
    from tlbench.leaderboard.claims.unmatched_figures import without_a_row

    return without_a_row(PlanHeader.model_validate(ready.whole.to_json()))


def _asked_of(runs: Sequence[PlannedRun]) -> dict[str, list[str]]:
    """The domains that each backbone is asked for."""
    asked: dict[str, dict[str, None]] = {}
    for run in runs:
        asked.setdefault(run.spec.backbone, {}).update(dict.fromkeys(run.spec.domains))
    return {backbone: list(domains) for backbone, domains in asked.items()}


def _text(summary: dict[str, Any]) -> str:
    lines = [f"{summary['suite']}: {summary['runs']} runs, {summary['done']} of them done"]
    lines += [f"  {count:4d} x {name}" for name, count in summary["to_do"].items()]
    if summary["shared_trainings"]:
        users = summary["shared_trainings_users"]
        lines.append(f"  {summary['shared_trainings']:4d} x training on a source, shared by {users} runs")
    if summary["second_trainings"]:
        lines.append(
            f"  {summary['second_trainings']:4d} x a second training, back to the source, for reverse-validation"
        )
    lines += [f"skipped: {count} x {reason}" for reason, count in summary["skipped"].items()]
    lines += [f"duplicates across domains: {text}" for text in summary["shared_examples"]]
    lines += [f"note: {text}" for text in summary["notes"]]
    lines.append(
        f"on {summary['device']} with {summary['workers']} at once: about {roughly(summary['estimated_seconds'])}"
    )
    if summary["preparing_seconds"] >= 1:
        lines.append(f"of which {roughly(summary['preparing_seconds'])} to prepare inputs for backbones, once")
    lines.append(f"(estimated from {summary['estimate_from']})")
    lines += summary.get("figures_without_a_row", [])
    return "\n".join(lines)
