"""The application: its verbs, and how a refusal leaves it.

Exit codes: 0 done; 1 a negative verdict (``check``: does not fit); 2 refused or failed, with one message on
stderr; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys

import typer

from micronas.cli import (
    bench,
    boards,
    check,
    compare,
    doctor,
    export,
    flash,
    mlperf,
    networks,
    renode_script,
    report,
    search,
    strategies,
)
from micronas.errors import MicronasError

app = typer.Typer(
    name="micronas",
    help="Find, build and measure int8 networks for STM32 microcontrollers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("search")(search.search)
app.command("compare")(compare.compare)
app.command("bench")(bench.bench)
app.command("check")(check.check)
app.add_typer(boards.app, name="boards")
app.command("flash")(flash.flash)
app.command("mlperf")(mlperf.mlperf)
app.command("report")(report.report)
app.add_typer(networks.app, name="networks")
app.command("strategies")(strategies.strategies)
app.command("export")(export.export)
app.command("renode-script")(renode_script.renode_script)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Entry point of ``micronas``; a ``MicronasError`` becomes its message and exit code 2."""
    try:
        app()
    except MicronasError as error:
        print(f"micronas: {error.stage}: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except BrokenPipeError:
        raise SystemExit(0) from None  # `micronas boards | head`
