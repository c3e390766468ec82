"""`tlbench export RUN --out DIR`: the trained model of a run, to take away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlbench.cli import options
from tlbench.cli.plain_output import note
from tlbench.cli.run_lookup import RunName, find_run
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.exporting.exported_model import ExportedModel

EPILOG = """Examples:

  tlbench run digits --strategy dann --pair syn:uci --seed 0 --keep-model

  tlbench export 3f2a --out my-model             weights, config.json and a README with loading code

  tlbench export 3f2a --out my-model --onnx      also model.onnx, checked with onnxruntime

  python -c "import tlbench; print(tlbench.load_model('my-model').class_names)"

Exit code: 0 the model reproduces the predictions of its run, 1 it does not or has no ONNX form, 2 no kept model."""


def export(
    run: RunName,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="New folder for the model.")],
    results: options.Results = options.RESULTS,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Also write model.onnx (pip install 'tlbench[export]').")
    ] = False,
    suite: options.SuiteOfRun = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    debug: options.Debug = False,
) -> int:
    """Export a trained model that a run kept (`tlbench run … --keep-model`), with code that loads it."""
    options.use_data(data)
    from tlbench.exporting.export import export_model, model_to_export
    from tlbench.records.kept_models import size_text
    from tlbench.runner.run_origin import origin_of

    folder, key = find_run(run, results)
    record = folder.read(key)
    assert record is not None
    origin = origin_of(folder.folder, record, suite, options.files(plugin))
    kept = model_to_export(folder, record, origin, results)
    model = export_model(kept, record, folder.folder.name, out, origin)
    prepared, why = _test_inputs(record, origin)
    good = _checked(model, folder, record, kept.about["checkpoint"], prepared, why)
    if onnx:
        good = _with_onnx(model, out, prepared) and good
    files = sorted(out.rglob("*"))
    size = size_text(sum(file.stat().st_size for file in files if file.is_file()))
    typer.echo(f"{out} ({size}): {', '.join(sorted(f'{f.name}/' if f.is_dir() else f.name for f in out.iterdir()))}")
    typer.echo(f"{out / 'README.md'} shows how to load it")
    return 0 if good else 1


def _test_inputs(record: Any, origin: Any) -> tuple[Any, str]:
    """The prepared test items; None and why not."""
    from tlbench.exporting.export import prepared_test_inputs

    try:
        return prepared_test_inputs(record, origin), ""
    except TlbenchError as error:
        return None, str(error)


def _checked(model: ExportedModel, folder: Any, record: Any, step: int, prepared: Any, why: str) -> bool:
    """Whether the model predicts as its run did; not to know it is no fault of the model."""
    from tlbench.exporting.export import check

    if prepared is None:
        note(f"not checked against the run's predictions: {why}")
        return True
    found = check(model, folder, record, step, prepared)
    apart = "" if found.difference is None else f", probabilities within {found.difference:.1g}"
    typer.echo(f"checked: {found.same} of {found.items} test items are predicted as the run did{apart}")
    return found.same == found.items


def _with_onnx(model: ExportedModel, out: Path, prepared: Any) -> bool:
    import numpy as np

    from tlbench.exporting.export import add_onnx

    config = model.config
    examples = np.zeros((2, *config.input_shape), config.inputs.dtype) if prepared is None else prepared
    try:
        apart = add_onnx(model, out, config, examples)
    except TlbenchError as error:
        note(f"no ONNX: {error}")
        return False
    compared = "not compared, for onnxruntime is not installed" if apart is None else f"logits within {apart:.1g}"
    typer.echo(f"model.onnx: inputs (n, {', '.join(map(str, config.input_shape))}) {config.inputs.dtype}; {compared}")
    return True
