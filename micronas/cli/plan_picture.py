"""``micronas check --plan``: the memory plan as a picture."""

from __future__ import annotations

from pathlib import Path

from micronas.board import Core
from micronas.cli.written import write_file
from micronas.graph import Graph
from micronas.lowering import Target
from micronas.lowering.lower import lower_graph
from micronas.plan import Plan, plan_memory
from micronas.plan.picture import picture
from micronas.plan.svg import plan_file
from micronas.plan.tflm import tflm_arena


def write_plan(graph: Graph, core: Core, runtime: str, path: Path) -> None:
    """Draw the plan of ``graph`` under ``runtime`` to ``path``: SVG if it ends so, else text."""
    plan = _plan(graph, core, runtime)
    text = plan_file(graph, plan) if path.suffix == ".svg" else picture(graph, plan)
    write_file("--plan", path, text)


def _plan(graph: Graph, core: Core, runtime: str) -> Plan:
    if runtime == "tflm":
        return tflm_arena(graph).plan
    return plan_memory(graph, lower_graph(graph, Target(core)))
