"""A trained model as ONNX, from prepared inputs to logits, checked against onnxruntime where that is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.library_warnings import hidden
from tlbench.errors import TlbenchError
from tlbench.records.kept_models import SKOPS

if TYPE_CHECKING:
    from tlbench.exporting.config import ModelConfig
    from tlbench.exporting.exported_model import ExportedModel

#: So many examples are compared.
COMPARED = 256
#: Logits may differ by so much, of those of the largest size: kernels of another library add in another order.
TOLERANCE = 1e-3
INPUT, OUTPUT = "inputs", "logits"


def write_onnx(model: ExportedModel, config: ModelConfig, file: Path, examples: Any) -> float | None:
    """Write the file; the largest difference to torch's logits, None where onnxruntime is not installed.

    `examples` are prepared inputs (n, …). Raises `TlbenchError` where there is no such form, or where it differs.
    """
    if config.head["kind"] == SKOPS:
        raise TlbenchError("its classifier is scikit-learn's own, which torch does not export as ONNX")
    if lacking := [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]:
        raise TlbenchError(f"{' and '.join(lacking)} is needed for ONNX: pip install 'tlbench[export]'")
    rows = np.asarray(examples[:COMPARED])
    _write(model, file, rows)
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    try:
        return _difference(model, file, rows)
    except TlbenchError:
        file.unlink()
        raise


def _write(model: ExportedModel, file: Path, rows: NDArray[Any]) -> None:
    import torch

    example = torch.from_numpy(np.array(rows[:2]))
    shapes = ({0: torch.export.Dim("examples", min=1)},)
    try:
        # With a gradient nothing is cut into parts, of which a graph would have a fixed number.
        with _quiet(), torch.enable_grad():
            made = torch.onnx.export(
                model.network,
                (example,),
                dynamo=True,
                dynamic_shapes=shapes,
                input_names=[INPUT],
                output_names=[OUTPUT],
                verbose=False,
            )
            assert made is not None
            made.save(file, external_data=False)
    except Exception as error:  # whatever the compilers of torch raise
        first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise TlbenchError(
            f"torch cannot export this network as ONNX: {type(error).__name__}: {first[:300]}"
        ) from error


def _difference(model: ExportedModel, file: Path, rows: NDArray[Any]) -> float:
    """Raises `TlbenchError` where onnxruntime gives other logits."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    (found,) = session.run([OUTPUT], {INPUT: rows})
    expected = model.logits(rows)
    apart = float(np.abs(found - expected).max())
    if not apart <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise TlbenchError(f"the ONNX form gives other logits than the model, by up to {apart:.3g}; it is not written")
    return apart


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No report of the exporter's steps."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with hidden(), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(before)
