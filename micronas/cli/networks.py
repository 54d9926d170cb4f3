"""``micronas networks``: published networks by name, as references for boards, budgets and searches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from micronas.cli.output import print_json, print_table
from micronas.cli.output_paths import write_file

app = typer.Typer(help="List published networks, or write one.", invoke_without_command=True)

HEADER = ("network", "input", "outputs", "MACs", "parameters", "file KB")


@app.callback()
def list_networks(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the available networks of papers and benchmarks: shapes and cost."""
    if context.invoked_subcommand is not None:
        return
    from micronas.space.reference import NOT_BUILT, REFERENCE_NETS

    found = [_summary(name) for name in REFERENCE_NETS]
    if as_json:
        print_json(found)
        return
    print_table("", HEADER, [_row(summary) for summary in found])
    print(f"\nNot available: {', '.join(NOT_BUILT)} (`micronas networks write NAME` explains why)")


@app.command("write", short_help="Write one as int8 .tflite with random weights.")
def write(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the network; `micronas networks` lists them.")
    ],
    out: Annotated[Path | None, typer.Option(help="The .tflite file. Default: NAME.tflite.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random weights.", min=0)] = 0,
) -> None:
    """Write network NAME as int8 .tflite with random weights, for check, bench and flash."""
    from micronas.model.net import shape_graph
    from micronas.model.tflite.writer import write as write_tflite
    from micronas.space.reference import reference_net
    from micronas.space.reference.random_weights import random_weights

    data = write_tflite(random_weights(shape_graph(reference_net(name)), seed))
    path = out or Path(f"{name}.tflite")
    write_file("--out", path, data)
    print(f"{path}: {len(data):,} bytes, random weights (seed {seed})")


def _summary(name: str) -> dict[str, Any]:
    from micronas.model.net import shape_graph
    from micronas.model.tflite.writer import write as write_tflite
    from micronas.space.reference import reference_net

    net = reference_net(name)
    return {
        "name": name,
        "input_shape": list(net.input_shape),
        "output_shape": list(net.output_shape),
        "macs": net.macs,
        "parameters": net.parameters,
        "file_bytes": len(write_tflite(shape_graph(net))),
    }


def _row(summary: dict[str, Any]) -> tuple[str, ...]:
    shapes = ("x".join(map(str, summary[key])) for key in ("input_shape", "output_shape"))
    figures = f"{summary['macs'] / 1e6:.1f} M", f"{summary['parameters']:,}"
    return (summary["name"], *shapes, *figures, f"{summary['file_bytes'] / 1024:.1f}")
