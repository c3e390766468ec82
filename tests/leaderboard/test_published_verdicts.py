"""Every verdict of the published tables, made a second time from the files alone, with SciPy, NumPy and statsmodels.

Nothing of tlbench's statistics is used here: from the package come the cells of each table and what it says of them.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests

from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.leaderboard.leaderboard import places

FOLDERS = sorted(path.parent for path in (Path(__file__).parents[2] / "leaderboards").glob("*/records.jsonl"))
BASE = {"transductive": "source-only", "inductive": "without-source", "unsupervised": "without-source"}
REGION = 0.01


class Files:
    """The records and the bits of one folder."""

    def __init__(self, folder):
        lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
        self.records = {record["run_key"]: record for record in map(json.loads, lines)}
        bits = folder / "correct.safetensors"
        self.bits = load_file(bits) if bits.exists() else {}

    def scores(self, key, protocol):
        """The scores of a run; a reference that lacks the protocol is at its last step."""
        record = self.records.get(key)
        if record is None or record["status"] != "ok":
            return None
        return record["metrics"].get(protocol, record["metrics"]["last"])

    def right(self, key, protocol):
        packed = self.bits.get(f"{key}/{self.scores(key, protocol)['checkpoint']}")
        if packed is None:
            return None
        items = int.from_bytes(packed[:4].tobytes(), "little")
        return np.unpackbits(packed[4:])[:items].astype(float)

    def reads_target(self, key):
        seen = self.records[key]["seen"] if key in self.records else []
        return any(part["unlabelled"] for part in seen if not part["phase"].startswith("reverse "))


class Again:
    """The verdicts of one table."""

    def __init__(self, files, place, classes):
        self.files, self.place, self.classes = files, place, classes
        spots = [spot for spot in place.by_spot if spot[0] in place.strategies and self.counts(spot)]
        self.spots = [spot for spot in spots if self.adapts(spot[0])]

    def base(self, cell):
        name = "without-adaptation" if "without-adaptation" in cell.references else BASE[self.place.setting]
        key = cell.references.get(name)
        return None if key == cell.run_key else key

    def counts(self, spot):
        status = {self.files.records.get(cell.run_key, {}).get("status") for cell in self.place.by_spot[spot].values()}
        return status != {"skipped"} and any(self.base(cell) for cell in self.place.by_spot[spot].values())

    def adapts(self, variant):
        keys = [
            cell.run_key
            for (name, _), cells in self.place.by_spot.items()
            if name == variant
            for cell in cells.values()
        ]
        done = [key for key in keys if self.files.records.get(key, {}).get("status") == "ok"]
        return self.place.setting != "transductive" or not done or any(map(self.files.reads_target, done))

    def failed(self, spot):
        """Whether a run of the cell is nearer to chance than to the median of source-only, on the source."""
        if self.place.setting != "transductive":
            return False
        cells = self.place.by_spot[spot].values()
        keys = [(cell.run_key, cell.references.get("source-only")) for cell in cells]
        source = [
            [(self.files.scores(key, self.place.selection) or {}).get("source_accuracy") for key in two] for two in keys
        ]
        base = [b for _, b in source if b is not None]
        if not base:
            return False
        target = next(iter(cells)).target
        chance = 1 / self.classes[target] if target in self.classes else 0.0
        bound = (chance + float(np.median(base))) / 2
        return any(value is not None and value < bound for two in source for value in two)

    def gap(self, spot):
        """(seeds,) and, where bits are there, (seeds, items); None where a run is missing."""
        metric, protocol, rows, items = self.place.metric, self.place.selection, [], []
        sign = 1 if metric in ("nll", "ece") else -1
        for seed in self.place.seeds:
            cell = self.place.by_spot[spot].get(seed)
            if cell is None or self.base(cell) is None:
                return None
            ours, theirs = (self.files.scores(key, protocol) for key in (cell.run_key, self.base(cell)))
            if not ours or not theirs or ours.get(metric) is None or theirs.get(metric) is None:
                return None
            rows.append(sign * (ours[metric] - theirs[metric]))
            right, wrong = (self.files.right(key, protocol) for key in (cell.run_key, self.base(cell)))
            items.append(None if right is None or wrong is None else wrong - right)
        whole = metric == "accuracy" and all(row is not None for row in items)
        return np.array(rows), np.stack(items) if whole else None

    def variances(self, rows, arrays):
        """(mean, variance of seeds, that of the mean from items, items): one random two-way model for each target."""
        if arrays is None:
            return rows.mean(), rows.var(ddof=1), 0.0, 0
        from_items = 0.0
        for array in arrays:
            seeds, items = array.shape
            largest = np.abs(array).max() / math.sqrt(2)
            columns = np.append(array.mean(axis=0), [largest, -largest])
            ms_items = seeds * stats.describe(columns, ddof=0).variance * len(columns) / (items - 1)
            residual = array - array.mean(0, keepdims=True) - array.mean(1, keepdims=True) + array.mean()
            ms_rest = np.sum(residual**2) / ((seeds - 1) * (items - 1))
            from_items += (ms_items - ms_rest) / (seeds * items)
        by_seed = sum(array.mean(axis=1) for array in arrays)
        return by_seed.mean(), by_seed.var(ddof=1), max(0.0, from_items), sum(array.shape[1] for array in arrays)

    def tests(self, found):
        """(mean, p, 90 % interval) of each: limma's moderated variances, Cochran and Cox's quantile."""
        known = [values for values in found if values is not None]
        prior_df, prior = limma([v[1] for v in known if v[1] > 1e-18], len(self.place.seeds) - 1)
        pooled = sum(len(self.place.seeds) - 1 for v in known if v[1] > 1e-18)
        made = []
        for values in found:
            if values is None:
                made.append(None)
                continue
            mean, variance, from_items, items = values
            own, parts = len(self.place.seeds) - 1, []
            if variance > 1e-18:
                if math.isinf(prior_df):
                    parts.append((prior / (own + 1), pooled))
                else:
                    both = (prior_df * prior + own * variance) / (prior_df + own)
                    parts.append((both / (own + 1), min(prior_df + own, pooled) if prior_df else own))
            if from_items > 0:
                parts.append((from_items, max(1, items - 1)))
            total = sum(part for part, _ in parts)
            made.append(None if total <= 1e-18 else decided(mean, parts, total))
        return made

    def cells(self):
        found = []
        for spot in self.spots:
            gap = None if self.failed(spot) else self.gap(spot)
            found.append(None if gap is None else self.variances(gap[0], None if gap[1] is None else [gap[1]]))
        tests = self.tests(found)
        adjusted = corrected(tests, stats.false_discovery_control)
        return {
            spot: ("training failed" if self.failed(spot) else verdict(test, p), test)
            for spot, test, p in zip(self.spots, tests, adjusted, strict=True)
        }

    def rows(self):
        names = list(dict.fromkeys(name for name, _ in self.spots))
        broken = [any(self.failed(spot) for spot in self.spots if spot[0] == name) for name in names]
        tests = self.tests([None if out else self.row(name) for name, out in zip(names, broken, strict=True)])
        adjusted = corrected(tests, lambda p: multipletests(p, method="holm")[1])
        return {
            name: ("training failed" if out else verdict(test, p), test)
            for name, out, test, p in zip(names, broken, tests, adjusted, strict=True)
        }

    def row(self, name):
        gaps = {
            pair: self.gap((name, pair)) if (name, pair) in self.place.by_spot else None for pair in self.place.pairs
        }
        if None in gaps.values():
            return None
        by_target = {}
        for pair, (_, items) in gaps.items():
            by_target.setdefault(pair.split(":")[-1], []).append(items)
        rows = np.mean([rows for rows, _ in gaps.values()], axis=0)
        if any(items is None for several in by_target.values() for items in several):
            return self.variances(rows, None)
        return self.variances(rows, [sum(several) / len(gaps) for several in by_target.values()])


def limma(variances, df):
    """Smyth 2004, section 6.2: degrees of freedom and scale of the inverse χ² prior."""
    if len(variances) < 3:
        return 0.0, 0.0
    e = np.log(variances) - special.digamma(df / 2) + math.log(df / 2)
    spread = np.var(e, ddof=1) - special.polygamma(1, df / 2)
    if spread <= 0:
        return math.inf, float(np.mean(variances))
    half = optimize.brentq(lambda x: float(special.polygamma(1, x)) - spread, 1e-8, 1e8, xtol=1e-13, rtol=1e-14)
    return 2 * half, math.exp(e.mean() + special.digamma(half) - math.log(half))


def decided(mean, parts, total):
    def quantile(p):
        return sum(part * stats.t.isf(p / 2, df) for part, df in parts) / total

    t = abs(mean) / math.sqrt(total)
    p = 1e-12 if quantile(1e-12) <= t else optimize.brentq(lambda p: quantile(p) - t, 1e-12, 1, xtol=1e-14)
    half = quantile(0.10) * math.sqrt(total)
    return mean, p, mean - half, mean + half


def corrected(tests, how):
    made = [test[1] for test in tests if test]
    values = iter(how(made) if made else [])
    return [None if test is None else next(values) for test in tests]


def verdict(test, p):
    if test is None:
        return "unknown"
    if test[2] >= -REGION and test[3] <= REGION:
        return "no matter"
    return "unknown" if p > 0.05 else "hurts" if test[0] > 0 else "helps"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_second_implementation_has_the_same_verdicts(folder):
    result_set = load_result_set(folder)
    files, compared = Files(folder), 0
    for place in places(result_set):
        if place.few_seeds:
            continue
        again = Again(files, place, result_set.plan.classes)
        cells, rows = again.cells(), again.rows()
        assert set(cells) == set(place.decisions)
        for theirs, ours in ((cells, place.decisions), (rows, place.row_decisions)):
            assert theirs.keys() == ours.keys()
            for spot, decision in ours.items():
                said, test = theirs[spot]
                assert said == decision.verdict, spot
                if decision.test is not None:
                    assert decision.test.mean == pytest.approx(test[0], abs=1e-12), spot
                    assert decision.test.p_value == pytest.approx(test[1], rel=1e-5, abs=1e-11), spot
                    assert decision.test.interval(0.9) == pytest.approx(test[2:], abs=1e-9), spot
                    compared += 1
                else:
                    assert test is None, spot
    assert compared or len(result_set.plan.seeds) < 3 or folder.name in ("mnist-usps", "pacs-mobilenet")
