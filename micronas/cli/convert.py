"""``micronas convert``: a Keras model as an int8 .tflite file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from micronas.cli.output import percent, print_json, program, typed
from micronas.cli.output_paths import require_writable_file, write_file


def convert(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help=".keras or .h5 file, or SavedModel folder.")],
    data: Annotated[
        str,
        typer.Option(
            metavar="CONFIG", help="Search configuration; its training data are used for calibration."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="The .tflite file. Default: beside MODEL.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Quantize a float MODEL to int8, verify the file, and compare its outputs with the float network's."""
    from micronas.api.convert import convert as convert_model

    target = out or model.with_suffix(".tflite")
    require_writable_file("--out", target)
    converted = convert_model(model, data)
    write_file("--out", target, converted.tflite)
    if as_json:
        print_json(
            {
                "tflite": str(target),
                "relative_error": converted.relative_error,
                "same_answers": converted.same_answers,
                "samples": converted.samples,
                "witness": converted.witness.to_json(),
            }
        )
        return
    same = percent(converted.same_answers)
    print(f"{target}: int8 throughout, {len(converted.tflite):,} bytes.")
    print(f"Same largest output as the float network on {same} of {converted.samples} calibration samples.")
    print(f"Second interpreter: {converted.witness}.")
    print(f"Next:\n  {program()} bench {typed(target)} --board BOARD")
