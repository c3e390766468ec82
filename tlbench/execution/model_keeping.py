"""The trained model of a run, written by its own process: tensors of every checkpoint, and what they are of.

    model/<step>.safetensors   weights, as `backbone.…` and `head.…`
    model/<step>.skops         the classifier, where it is scikit-learn's own
    model/model.json           what the head is, or why there is nothing to keep

The host takes the checkpoint that the suite's selection protocol chooses.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from tlbench.core.backbone import Backbone
from tlbench.core.predictor import Predictor
from tlbench.core.saved_heads import SavedHead
from tlbench.errors import TlbenchError
from tlbench.records.kept_models import CLASSIFIER, MODEL_FILE, OF_BACKBONE, SKOPS
from tlbench.training.classifier_files import save_classifier

FOLDS = (
    "its target set is its test set, so it is five models, one for each fold, none of which has seen all labels; a run "
    "of a suite with evaluation = 'held-out' has one"
)
NO_PARTS = (
    "its strategy predicts in a way of its own and does not say what its model is; a plugin says so in "
    "`Predictor.parts()`"
)


def keep_model(folder: Path, predictors: Sequence[Predictor], steps: Sequence[int], classes: int) -> None:
    """Write what predicts at each checkpoint. What hinders that is written in its place, for the run is done."""
    folder.mkdir()
    try:
        if len(predictors) > 1:
            raise TlbenchError(FOLDS)
        about = [_keep(folder, predictors[0], step, classes) for step in steps][-1]
    except TlbenchError as reason:
        about = {"fault": str(reason)}
    except Exception as error:  # whatever a plugin's parts raise when they are taken apart
        about = {"fault": f"{type(error).__name__}: {error}"}
    (folder / MODEL_FILE).write_text(json.dumps(about))


def _keep(folder: Path, predictor: Predictor, step: int, classes: int) -> dict[str, Any]:
    """One checkpoint; what its head is."""
    predictor.load(step)
    parts = predictor.parts()
    if parts is None:
        raise TlbenchError(NO_PARTS)
    head = parts.head.as_saved() if hasattr(parts.head, "as_saved") else parts.head
    tensors = {f"backbone.{name}": tensor for name, tensor in parts.backbone.state_dict().items()}
    if isinstance(head, nn.Module):
        description = _describe(parts.backbone, head, classes)
        tensors |= {f"head.{name}": tensor for name, tensor in head.state_dict().items()}
    else:
        description = _keep_classifier(folder / f"{step}.{CLASSIFIER}", head, classes)
    save_file({name: _own(tensor) for name, tensor in tensors.items()}, folder / f"{step}.safetensors")
    return {"head": description}


def _describe(backbone: Backbone, head: nn.Module, classes: int) -> dict[str, Any]:
    """Of a head of the backbone's own form it is enough to say so."""
    if isinstance(head, SavedHead):
        return head.description
    again = backbone.head(classes)
    shapes = [{name: tensor.shape for name, tensor in module.state_dict().items()} for module in (again, head)]
    if type(again) is not type(head) or shapes[0] != shapes[1]:
        raise TlbenchError(
            f"its classifier is a {type(head).__name__} of the strategy's own, which tlbench cannot make again; give "
            "it a method as_saved() that gives one of tlbench.core.saved_heads"
        )
    return {"kind": OF_BACKBONE}


def _keep_classifier(file: Path, classifier: Any, classes: int) -> dict[str, Any]:
    """A classifier of scikit-learn, by skops: no pickle, and no code but scikit-learn's own."""
    save_classifier(file, classifier)
    seen = [int(number) for number in classifier.classes_]
    return {"kind": SKOPS, "classifier": type(classifier).__name__, "seen": seen, "total": classes}


def _own(tensor: Tensor) -> Tensor:
    """A copy on the CPU with memory of its own: files hold no two names of one."""
    return tensor.detach().cpu().clone().contiguous()
