"""FlexMatch: FixMatch with a threshold for each class (Zhang et al., NeurIPS 2021).

Paper: https://arxiv.org/abs/2110.08263

A class of which few target examples are sure is hard, and its threshold is low. With σ_c, the number of target examples
whose last sure prediction (≥ threshold) was class c, and N examples in all,

    β_c = σ_c / max(max_c σ_c, N − Σ_c σ_c),    threshold of c = threshold · M(β_c),    M(β) = β / (2 − β)

As long as most examples have never been sure, N − Σσ keeps all thresholds low (the paper's warm-up). All else is
FixMatch.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tlbench import TransferModel, TransferTask
from tlbench_strategies.self_training.fixmatch import FixMatch
from tlbench_strategies.shared.pseudo_labels import PseudoLabels, sure_ones


class FlexMatch(FixMatch):
    """FixMatch whose thresholds are lower for classes that are learnt less."""

    paper = "https://arxiv.org/abs/2110.08263"

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """What was last predicted for each target example."""
        return {"curriculum": Curriculum(len(task.target.inputs), len(task.class_names))}

    def pseudo_labels(self, model: TransferModel, logits: Tensor, index: Tensor) -> PseudoLabels:
        """Labels that reach the threshold of their class, by what was known before this batch."""
        by_class = self.params.threshold * model.curriculum.mapped_shares()
        pseudo = sure_ones(logits, by_class[logits.argmax(1)])
        model.curriculum.note(sure_ones(logits, self.params.threshold), index)
        return pseudo


class Curriculum(nn.Module):
    """The last sure label of each of `examples` target inputs, −1 for those that never had one; in a buffer."""

    labels: Tensor

    def __init__(self, examples: int, classes: int) -> None:
        super().__init__()
        self._classes = classes
        self.register_buffer("labels", torch.full((examples,), -1, dtype=torch.long))

    def mapped_shares(self) -> Tensor:
        """M(β_c) of all classes (classes,), in [0, 1]."""
        sure = self.labels[self.labels >= 0]
        counts = torch.bincount(sure, minlength=self._classes)
        most = torch.maximum(counts.max(), torch.tensor(len(self.labels) - len(sure), device=counts.device))
        shares = counts / most.clamp_min(1)
        return shares / (2 - shares)

    @torch.no_grad()
    def note(self, pseudo: PseudoLabels, index: Tensor) -> None:
        """Take down the labels of those of the inputs at `index` (n,) that are sure."""
        sure = pseudo.mask > 0
        self.labels[index[sure]] = pseudo.labels[sure]
