"""Every check finds what it is for: a strategy for each that is wrong in this one thing."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest
import torch

import tlbench
from tlbench.core.predictor import Prediction, Predictor
from tlbench.errors import TlbenchError
from tlbench.testing import checks_of
from tlbench.testing.check import outcome


class Sound(tlbench.GradientStrategy):
    """Source labels alone."""

    settings = {"transductive"}
    paper = "https://example.org/paper"
    same_label_space = True

    def loss(self, model, batch, progress):
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


class NoSettings(Sound):
    """Says nothing of where it works."""

    settings = {"transduction"}


class NoPaper(Sound):
    """Nobody can look it up."""

    paper = ""


class PlaceHolder(Sound):
    """As it was written by `tlbench new`."""

    paper = "https://arxiv.org/abs/…"


class UnknownTwin(Sound):
    """Names nobody as itself without adapting."""

    without_adaptation = "linear-swm"


class TwinElsewhere(Sound):
    """Names a strategy of clusters."""

    without_adaptation = "k-means"


class SilentOnSource(Sound):
    """Learns from target labels alone, and does not say so."""

    settings = {"inductive"}

    def loss(self, model, batch, progress):
        examples = batch.labelled_target
        return tlbench.losses.cross_entropy(model(examples.inputs), examples.labels)


class DeniesSource(Sound):
    """Learns from the source, and says that it does not."""

    @classmethod
    def uses_source(cls, outline, trainable):
        return False


class NeedsValue(Sound):
    """Cannot be made without a word."""

    class Params(tlbench.Params):
        """No default."""

        strength: float


class Loose(Sound):
    """Takes every parameter."""

    class Params(tlbench.Params, extra="ignore"):
        """Ignores what it does not know."""


class WrongShape(Sound):
    """One logit too many."""

    def fit(self, task, toolkit):
        inner = super().fit(task, toolkit)

        class Wrong(Predictor):
            def predict(self, inputs, side="target"):
                found = inner.predict(inputs)
                return Prediction(torch.cat([found.logits, found.logits[:, :1]], dim=1), found.features)

        return Wrong()


class OfTheBatch(Sound):
    """An example's prediction depends on the others."""

    def fit(self, task, toolkit):
        inner = super().fit(task, toolkit)

        class Centred(Predictor):
            def predict(self, inputs, side="target"):
                found = inner.predict(inputs)
                return Prediction(found.logits - found.logits.mean(0), found.features)

        return Centred()


class Backwards(Sound):
    """The sign is wrong."""

    def loss(self, model, batch, progress):
        return -super().loss(model, batch, progress).clamp(max=5)


class CountsClasses(Sound):
    """Divides by the number of examples of a class."""

    def loss(self, model, batch, progress):
        features = model.features(batch.source.inputs)
        labels = batch.source.labels
        middle = torch.stack([(features[labels == label]).mean(0) for label in range(2)])
        return super().loss(model, batch, progress) + 0.01 * middle.square().mean()


class Clock(Sound):
    """Never twice the same."""

    def loss(self, model, batch, progress):
        return super().loss(model, batch, progress) * (1 + int.from_bytes(os.urandom(1), "big"))


class OneSeed(tlbench.Strategy):
    """The seed changes nothing."""

    settings = {"transductive"}
    paper = "https://example.org/paper"

    def fit(self, task, toolkit):
        class Zero(Predictor):
            def predict(self, inputs, side="target"):
                return Prediction(torch.zeros(len(inputs), 2), inputs.flatten(1).float())

        return Zero()


class GlobalNoise(Sound):
    """Draws from the generator of all."""

    def loss(self, model, batch, progress):
        inputs = batch.source.inputs
        return tlbench.losses.cross_entropy(model(inputs + torch.randn(inputs.shape)), batch.source.labels)


class NoiseOfASubstep(GlobalNoise):
    """The same in one of two updates of a step."""

    def substeps(self, model):
        quiet = super(GlobalNoise, self).loss
        return [tlbench.Substep("quiet", quiet, [model.backbone]), tlbench.Substep("loud", self.noisy, [model.head])]

    def noisy(self, model, batch, progress):
        return GlobalNoise.loss(self, model, batch, progress)


class KeepsTooLittle(Sound):
    """Trains everything, and keeps its head."""

    def kept_weights(self, model):
        return {f"head.{name}": value for name, value in model.head.state_dict().items()}


class HalfOfTheBudget(Sound):
    """A phase of half the budget, and no other."""

    def fit(self, task, toolkit):
        return self.train(self.started(task, toolkit), task, toolkit, share=0.5)


class Remembers(Sound):
    """Keeps what it saw on itself."""

    def loss(self, model, batch, progress):
        self.last = model.features(batch.source.inputs).detach()
        return super().loss(model, batch, progress)


class TrainsOnTheSide(Sound):
    """Takes steps that nobody counts."""

    def fit(self, task, toolkit):
        predictor = super().fit(task, toolkit)
        optimizer = torch.optim.SGD(predictor.model.parameters(), lr=0.0)
        optimizer.step()
        return predictor


class TakesThreads(Sound):
    """Changes what is not its own."""

    def fit(self, task, toolkit):
        torch.set_num_threads(2)
        os.environ["MINE"] = "1"
        Path("left.txt").write_text("")
        return super().fit(task, toolkit)


class Searches(Sound):
    """Goes through memory."""

    def fit(self, task, toolkit):
        self.params  # noqa: B018
        gc.get_objects()
        return super().fit(task, toolkit)


class OpensLabels(Sound):
    """Reads a file of labels."""

    place = ""

    def fit(self, task, toolkit):
        np.load(self.place)
        return super().fit(task, toolkit)


class HiddenState(Sound):
    """A part of the model that is no weight and no buffer."""

    def build(self, task, features):
        class Scale(torch.nn.Module):
            pass

        return {"scale": Scale()}

    def fit(self, task, toolkit):
        predictor = super().fit(task, toolkit)
        model, forward = predictor.model, predictor.model.backbone.forward
        kept = {name: value.clone() for name, value in model.backbone.state_dict().items()}

        def other(inputs):
            same = all(torch.equal(value, kept[name]) for name, value in model.backbone.state_dict().items())
            seen.append(same)
            return forward(inputs) * (1.0 if len(seen) < 2 else 2.0)

        seen = []
        model.backbone.forward = other
        return predictor


class Exits(Sound):
    """Ends the process."""

    def loss(self, model, batch, progress):
        raise SystemExit(3)


FAULTS = [
    (NoSettings, "metadata", "settings is {'transduction'}; write a set of some of transductive"),
    (NoPaper, "metadata", "paper is ''; write the link of the paper"),
    (PlaceHolder, "metadata", "put the link of the paper there"),
    (UnknownTwin, "without-adaptation", "did you mean 'linear-svm'"),
    (TwinElsewhere, "without-adaptation", "'k-means', which does not work in 'transductive'"),
    (SilentOnSource, "uses-source", "another source leaves every prediction as it is; say so by uses_source()"),
    (DeniesSource, "uses-source", "says that the source is nothing, and another one changes it"),
    (NeedsValue, "parameters", "give every parameter a default"),
    (Loose, "parameters", "takes a parameter that it does not have"),
    (WrongShape, "runs-transductive-vector", "logits have the shape (61, 3); (61, 2) is expected"),
    (OfTheBatch, "runs-transductive-vector", "Predict in evaluation mode"),
    (Backwards, "learns", "look at the sign and the scale of each term"),
    (CountsClasses, "single-class", ""),
    (Clock, "same-seed", "two runs of one seed differ"),
    (OneSeed, "other-seed", "two seeds give the same predictions"),
    (GlobalNoise, "generator", "generator=batch.generator"),
    (NoiseOfASubstep, "generator", "global generator"),
    (KeepsTooLittle, "kept", "kept_weights() leaves it out"),
    (HalfOfTheBudget, "budget", "use 0.5 of the budget"),
    (Remembers, "buffers", "the strategy keeps self.last"),
    (TrainsOnTheSide, "budget", "7 updates were made and 6 told to the host"),
    (TakesThreads, "surroundings", "the environment variable MINE; the file left.txt"),
    (Searches, "labels", "calls gc.get_objects()"),
    (HiddenState, "saves", "it predicts otherwise after its weights were saved and loaded"),
    (Exits, "learns", "it raised SystemExit: 3"),
]


def failed(strategy):
    return {
        one.check.name: one.message for one in map(outcome, checks_of("strategy", strategy)) if one.status == "failed"
    }


def checked(strategy, name):
    (check,) = (check for check in checks_of("strategy", strategy) if check.name == name)
    return outcome(check)


def test_what_is_no_strategy_and_an_unknown_name_or_kind_are_refused():
    with pytest.raises(TlbenchError, match="is no strategy"):
        list(checks_of("strategy", Path))
    with pytest.raises(TlbenchError, match="did you mean 'dann'"):
        list(checks_of("strategy", "dannn"))
    with pytest.raises(TlbenchError, match="unknown kind 'strategies'; did you mean 'strategy'"):
        list(checks_of("strategies", "dann"))


@pytest.mark.parametrize(("strategy", "name", "said"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS])
def test_a_fault_is_found_by_its_check_with_what_to_do(strategy, name, said):
    found = checked(strategy, name)
    assert found.status == "failed", found
    assert said in found.message


def test_a_file_of_labels_that_is_opened_is_named(tmp_path):
    OpensLabels.place = str(tmp_path / "labels.npy")
    np.save(OpensLabels.place, np.zeros(3))
    found = checked(OpensLabels, "labels")
    assert found.status == "failed"
    assert f"opens {OpensLabels.place}" in found.message


def test_a_check_puts_right_what_a_strategy_changed():
    before = torch.get_num_threads(), Path.cwd()
    assert checked(TakesThreads, "surroundings").status == "failed"
    assert (torch.get_num_threads(), Path.cwd()) == before
    assert "MINE" not in os.environ


def test_a_sound_strategy_fails_nothing():
    assert failed(Sound) == {}


class Manifold(Sound):
    """Needs two sources, is updated twice a step, keeps an average of its head, and a reference."""

    several_sources = True
    keeps_reference = True
    refreshes = 2

    def build(self, task, features):
        return {"average": torch.nn.Linear(features, len(task.class_names)), "domain": torch.nn.Linear(features, 2)}

    def of_domain(self, model, batch, progress):
        return tlbench.losses.cross_entropy(model.domain(model.features(batch.source.inputs)), batch.source.domains)

    def substeps(self, model):
        return [
            tlbench.Substep("labels", self.loss, [model.backbone, model.head]),
            tlbench.Substep("domains", self.of_domain, [model.domain], times=2),
        ]

    def refresh(self, model, task, toolkit):
        assert len(toolkit.outputs(model, task.target.inputs).logits) == len(task.target.inputs)

    def after_step(self, model, batch, progress):
        for mean, now in zip(model.average.parameters(), model.head.parameters(), strict=True):
            mean.lerp_(now, 0.5)

    def kept_weights(self, model):
        averaged = {f"head.{name}": value for name, value in model.average.state_dict().items()}
        return model.state_dict() | averaged


class WithoutItsSource(Sound):
    """Goes on from the source model with target inputs alone."""

    uses_source_model = True
    source_free = True
    start = "source-model"

    def loss(self, model, batch, progress):
        probabilities = model(batch.target.inputs).softmax(1)
        return -(probabilities * probabilities.clamp_min(1e-6).log()).sum(1).mean()


@pytest.mark.parametrize("strategy", [Manifold, WithoutItsSource])
def test_everything_that_a_strategy_may_do_is_checked_and_nothing_left_out(strategy):
    outcomes = [outcome(check) for check in checks_of("strategy", strategy)]
    assert [f"{one.check.name}: {one.message}" for one in outcomes if one.status == "failed"] == []
    passed = {one.check.name for one in outcomes if one.status == "passed"}
    assert passed >= {"runs-transductive-vector", "learns", "same-seed", "generator", "budget", "saves", "kept"}
