"""The one place where arguments become commands and exceptions become exit codes."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence

import typer

from tlbench.cli import (
    cache,
    check,
    compare,
    doctor,
    export,
    figure,
    leaderboard,
    list_,
    merge,
    models,
    new,
    plan,
    plugins,
    predictions,
    publish,
    run,
    serve,
    show,
    submit,
    verify,
)
from tlbench.cli.child_process import guarded
from tlbench.cli.plain_output import plain_stdout, shown
from tlbench.core.library_warnings import hide_on_terminal
from tlbench.errors import TlbenchError
from tlbench.version import __version__

INTERRUPTED = 130
#: The root of typer's usage errors. Newer releases carry a click of their own, so it is found from a public name.
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]

EPILOG = """Examples:

  tlbench run quick              two pairs, one seed, in under a minute
  tlbench run digits             the full built-in suite, to a leaderboard
  tlbench run my-suite.toml      a suite of your own
  tlbench leaderboard digits --by pair
"""

app = typer.Typer(
    name="tlbench",
    help="Deep transfer learning, compared fairly: which strategy, which source, at what cost, and when it harms.",
    epilog=EPILOG.replace("\n  ", "\n\n  "),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tlbench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
    trace_plugins: bool = typer.Option(False, "--trace-plugins", help="Print what each plugin registers, and when."),
) -> None:
    if trace_plugins:
        os.environ["TLBENCH_TRACE_PLUGINS"] = "1"


for name, function, epilog in (
    ("run", run.run, run.EPILOG),
    ("list", list_.list_, list_.EPILOG),
    ("plugins", plugins.plugins, None),
    ("plan", plan.plan, plan.EPILOG),
    ("leaderboard", leaderboard.leaderboard, leaderboard.EPILOG),
    ("show", show.show, show.EPILOG),
    ("predictions", predictions.predictions, predictions.EPILOG),
    ("export", export.export, export.EPILOG),
    ("models", models.models, models.EPILOG),
    ("compare", compare.compare, compare.EPILOG),
    ("figure", figure.figure, figure.EPILOG),
    ("publish", publish.publish, publish.EPILOG),
    ("serve", serve.serve, serve.EPILOG),
    ("check", check.check, check.EPILOG),
    ("submit", submit.submit, submit.EPILOG),
    ("verify", verify.verify, verify.EPILOG),
    ("merge", merge.merge, merge.EPILOG),
    ("doctor", doctor.doctor, doctor.EPILOG),
    ("new", new.new, new.EPILOG),
):
    app.command(name, epilog=epilog)(function)
app.add_typer(cache.app, name="cache", epilog=cache.EPILOG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1, 2 or 130 as the contract has them."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        _replace_what_cannot_be_written()
        if "--debug" not in given:
            hide_on_terminal()
    checks = given[:1] == ["check"] or (given[:1] == ["submit"] and "--check" in given)
    return guarded(lambda: _run(given)) if checks and arguments is None else _run(given)


def _replace_what_cannot_be_written() -> None:
    """A terminal or a pipe of another encoding than UTF-8 gets `?` for a sign that it lacks, and no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            stream.reconfigure(errors="replace")


def _run(given: list[str]) -> int:  # noqa: PLR0911 (a way to end for each exit code)
    debug = "--debug" in given
    try:
        with plain_stdout():
            code = app(given, prog_name="tlbench", standalone_mode=False)
    except typer.Exit as leave:
        return leave.exit_code
    except USAGE_ERROR as error:
        error.show(file=sys.stderr)  # type: ignore[attr-defined]
        return 2
    except (KeyboardInterrupt, typer.Abort):
        print("tlbench: interrupted; what is done is kept, and the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe, as in `| head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except (TlbenchError, OSError) as error:  # OSError: a full disk, a folder that cannot be read
        if debug:
            traceback.print_exc()
        print(f"tlbench: error: {shown(error)}", file=sys.stderr)
        return 2
    except SystemExit as error:
        if "_TLBENCH_COMPLETE" in os.environ:  # how the completion of a shell ends
            raise
        print(f"tlbench: error: {shown(_who_ended(error))}; nothing more was done", file=sys.stderr)
        return 2
    return code if isinstance(code, int) else 0


def _who_ended(error: SystemExit) -> str:
    """The command line itself ends by returning, so code that it called has asked for the end."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    at = f" ({frames[-1].filename}:{frames[-1].lineno}, in {frames[-1].name})" if frames else ""
    return f"code of a plugin or a library called sys.exit({error.code!r}){at}"


if __name__ == "__main__":
    sys.exit(main())
