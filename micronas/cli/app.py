"""The application: its verbs, and the handling of errors.

Exit codes: 0 done; 1 a negative verdict (``check``: does not fit; ``test``: does not work); 2 refused or
failed, with one message on stderr; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from micronas import __version__
from micronas.cli import (
    bench,
    boards,
    calibrate,
    check,
    compare,
    configs,
    convert,
    data,
    devices,
    export,
    export_results,
    fine_tune,
    flash,
    init,
    mlperf,
    networks,
    pick,
    rebuild,
    renode_script,
    report,
    runs,
    search,
    show,
    strategies,
    test,
)
from micronas.cli.doctor import command as doctor
from micronas.cli.streams import prepare_streams
from micronas.errors import MicronasError
from micronas.host.machine_fault import machine_fault, missing_path

app = typer.Typer(
    name="micronas",
    help="Find, build and measure int8 networks for STM32 microcontrollers.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help is whole at any width; panels cut long options
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"micronas {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


_VERBS: tuple[tuple[Callable[..., None], str], ...] = (
    (init.init, "Write a search configuration for your data and board."),
    (configs.configs, "List the shipped search configurations."),
    (data.data, "Show a data set, and what is wrong with it."),
    (search.search, "Search for a network that fits a board."),
    (runs.runs, "List the runs: state and best network of each."),
    (show.show, "Show the trials of a run, or one trial in full."),
    (pick.pick, "Choose another trial of a run than its winner."),
    (fine_tune.fine_tune, "Train a network of a run further."),
    (rebuild.rebuild, "Train a trial of a run again and compare it."),
    (report.report, "Write or serve the HTML page of a run."),
    (export_results.export_results, "Write a run's trials for other tools."),
    (compare.compare, "Compare search strategies at an equal budget."),
    (convert.convert, "Quantize a Keras model to int8, and verify it."),
    (check.check, "Check whether a model fits a board, to the byte."),
    (bench.bench, "Build, run, verify and profile a model."),
    (flash.flash, "Build a model and upload it to a board."),
    (calibrate.calibrate, "Fit a board's timing model to its cycles."),
    (export.export, "Write a model as a C99 library."),
    (mlperf.mlperf, "Run MLPerf Tiny's scripts on a model."),
    (renode_script.renode_script, "Write a Renode platform and a Robot test."),
    (devices.devices, "List debug probes and serial ports."),
    (strategies.strategies, "List search strategies and estimators."),
    (doctor.doctor, "Check this machine for missing tools."),
)
"""The description of a verb in ``--help``: short, because a longer line would be cut."""

for _verb, _about in _VERBS:
    app.command(_verb.__name__.replace("_", "-"), short_help=_about)(_verb)
app.command("test", short_help="Test a deployment, for people and CI.")(test.run_test)
app.add_typer(boards.app, name="boards")
app.add_typer(networks.app, name="networks")


def main() -> None:
    """Run a verb; a ``MicronasError`` or a system error becomes a message and exit code 2."""
    prepare_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except MicronasError as error:
        _say(f"micronas: {error.stage}: {error}")
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        fault = machine_fault(error) or missing_path(error)
        if fault is None:
            raise
        _say(f"micronas: system: {fault}")
        raise SystemExit(2) from None


def _say(message: str) -> None:
    """A message on stderr; a terminal gets lines that break between words."""
    if sys.stderr.isatty():
        from micronas.cli.output import wrapped

        columns = shutil.get_terminal_size().columns
        message = "\n".join(wrapped(line, columns, 4) for line in message.splitlines())
    print(message, file=sys.stderr)
