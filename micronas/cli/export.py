"""``micronas export``: a network as a C99 library for any project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from micronas.cli.options import (
    DEFAULT_PREFER,
    DataOption,
    ModelArgument,
    PreferOption,
    RemoveConstantChannels,
)
from micronas.cli.output import print_wrapped


def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Option(help="New or empty folder for the files.")],
    name: Annotated[str | None, typer.Option(help="Name of the library; default: the file's.")] = None,
    data: DataOption = None,
    prefer: PreferOption = DEFAULT_PREFER,
    input_form: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="FORM",
            help="How the application gives the input. tensor: it writes all of it; rows: a function of its "
            "own delivers it row by row, so that the input is never in memory as a whole.",
        ),
    ] = "tensor",
    remove_constant_channels: RemoveConstantChannels = True,
) -> None:
    """Write MODEL as a self-contained C99 library with build files of the usual tools and a test."""
    from micronas.api.export import export as export_model
    from micronas.api.export import input_named
    from micronas.memory.plan.prefer import prefer_named

    input_named(input_form, "--input")
    export_model(
        model,
        out,
        name=name,
        prefer=prefer_named(prefer, "--prefer").value,
        input=input_form,
        remove_constant_channels=remove_constant_channels,
        calibration=data,
    )
    for line in _chosen(json.loads((out / "manifest.json").read_text(encoding="utf-8"))):
        print_wrapped(line, 2)
    files = sum(path.is_file() for path in out.rglob("*"))
    print_wrapped(f"{files} files in {out}; its README.md explains how to use and test it.", 2)


def _chosen(manifest: dict[str, Any]) -> Iterator[str]:
    """The memory plan, what was left out, and what came of the files beside the model."""
    for form in manifest["forms"]:
        arena, smallest = form["arena_bytes"], form["smallest_arena_bytes"]
        plan, other = _plan(manifest, form), ""
        if manifest["input"] == "rows":
            whole = manifest["inputs"][0]["bytes"]
            other = f"; rows of the input: {form['input_buffer_bytes']:,} of {whole:,} bytes at a time"
        if arena > smallest and plan != "rows":
            other = f"; --prefer sram: {arena - smallest:,} bytes less, slower"
        yield f"arena of the {form['form']} form: {arena:,} bytes (plan: {plan}{other})"
    removed = manifest["constant_channels"]["removed_bytes"]
    if removed:
        yield f"constant channels removed: {removed:,} fewer bytes of weights and biases, equal outputs"
    if names := manifest["labels"]:
        yield f"names of the outputs: {len(names):,}"
    elif why := manifest["why_no_labels"]:
        yield f"names of the outputs: none; {why}"
    if (front := manifest["front_end"]) is not None:
        made = "in C" if front["c"] else f"not in C; {front['why_no_c']}"
        yield f"front end {front['name']}: {made}"


def _plan(manifest: dict[str, Any], form: dict[str, Any]) -> str:
    """The plan of a form. Where rows take no less memory, it is the smallest op by op."""
    if form["row_steps"]:
        return "rows"
    return "sram" if manifest["prefer"] == "rows" else str(manifest["prefer"])
