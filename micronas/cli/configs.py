"""``micronas configs``: the search configurations shipped with micronas."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from micronas.cli.output import print_json, program

_WIDTH = 78


def configs(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the shipped search configurations: `micronas search NAME` runs one."""
    from micronas.config import load_config, shipped_configs

    shipped = shipped_configs()
    if as_json:
        print_json([{"name": c.name, "path": str(c.path), "about": c.about} for c in shipped])
        return
    for each in shipped:
        config = load_config(each.path)
        needs = f", needs {config.data.path}" if config.data.path else ""
        print(f"{each.name}  ({config.data.name}{needs}; space {config.space.name})")
        print(textwrap.fill(each.about, _WIDTH, initial_indent="  ", subsequent_indent="  "))
    print(f"\nNext:\n  {program()} search mnist5k --board BOARD")
    print(f"  {program()} init    # creates your own configuration")
