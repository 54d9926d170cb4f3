"""``micronas strategies``: what can search, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from micronas.cli.output import print_json, print_table


def strategies(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List search strategies and the spaces they work on."""
    from micronas.strategy import STRATEGIES, spaces_of

    if as_json:
        print_json(
            [
                {"name": name, "what": what, "spaces": list(spaces_of(name))}
                for name, what in STRATEGIES.items()
            ]
        )
        return
    rows = [(name, ", ".join(spaces_of(name)), what) for name, what in STRATEGIES.items()]
    print_table("", ("strategy", "spaces", "what it does"), rows)
