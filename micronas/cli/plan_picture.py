"""``micronas check --plan``: the memory plan as a picture."""

from __future__ import annotations

from pathlib import Path

from micronas.cli.output_paths import write_file
from micronas.memory.plan import Plan
from micronas.memory.plan.picture import picture
from micronas.memory.plan.svg import plan_file
from micronas.model.graph import Graph


def write_plan(graph: Graph, plan: Plan, path: Path) -> None:
    """Draw ``plan`` of ``graph`` to ``path``: SVG if it ends in .svg, otherwise text."""
    text = plan_file(graph, plan) if path.suffix == ".svg" else picture(graph, plan)
    write_file("--plan", path, text)
