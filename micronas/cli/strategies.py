"""``micronas strategies``: the search strategies, their spaces and their estimators."""

from __future__ import annotations

from typing import Annotated

import typer

from micronas.cli.output import print_json, print_table


def strategies(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List search strategies, the spaces they work on, and the estimators for each pair."""
    from micronas.estimate import ESTIMATORS, estimators_of
    from micronas.space import SPACES
    from micronas.strategy import STRATEGIES, searcher

    searchers = [searcher(name) for name in STRATEGIES]
    if as_json:
        print_json(
            [
                {
                    "name": each.name,
                    "what": STRATEGIES[each.name],
                    "spaces": list(each.spaces),
                    "estimators": {space: list(estimators_of(each, space)) for space in each.spaces},
                }
                for each in searchers
            ]
        )
        return
    working = [[estimators_of(each, space) for space in SPACES] for each in searchers]
    partial = sorted({some for row in working for some in row if 0 < len(some) < len(ESTIMATORS)})
    names = {(): "-", tuple(ESTIMATORS): "all"} | {some: f"[{i}]" for i, some in enumerate(partial, start=1)}
    cells = [
        (each.name, *(names[some] for some in row)) for each, row in zip(searchers, working, strict=True)
    ]
    print_table("strategy x space: the estimators that work", ("strategy", *SPACES), cells)
    for some in partial:
        print(f"{names[some]} {', '.join(some)}")
    print()
    print_table("strategies", ("strategy", "what it does"), list(STRATEGIES.items()))
    print()
    print_table("estimators", ("estimator", "what it does"), list(ESTIMATORS.items()))
