"""Writes the table of docs/reference/ops.md: each op, and the kernels that run it.

    python tools/write_ops_page.py

Run it after adding an op or a kernel. A test compares the page with the output of this tool. Kernels are
those that the lowering picks for the random networks of the fuzz suites: none is listed that nothing tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from micronas.board import Core
from micronas.codegen.lowering import Blocks, Target
from micronas.codegen.lowering.blocks import MAX_BYTES, by_blocks
from micronas.codegen.lowering.lower import LOWERINGS, lower_graph
from micronas.memory.plan.tflm import UNKNOWN_TO_TFLM
from micronas.model.graph import Graph
from tests.support.dsp_cases import dsp_corner_cases
from tests.support.random_cases import random_case

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "ops.md"
BEGIN, END = "<!-- table: tools/write_ops_page.py -->\n", "<!-- end of table -->\n"
_CASES = 60
_FILES_ONLY = {
    "CALL_ONCE": "sets variables once",
    "GATHER": "with shapes only",
    "REDUCE_PROD": "with shapes only",
    "SHAPE": "of known dimensions",
    "VAR_HANDLE": "names a variable",
}


def table() -> str:
    """The Markdown table of all ops that a file may have."""
    header = ("op", "read", "portable kernel", "DSP kernel", "TFLite Micro")
    lines = [header, tuple("---" for _ in header)]
    corners = dsp_corner_cases(np.random.default_rng(0))
    rows = {kind: _row(kind, corners) for kind in LOWERINGS}
    rows |= {kind: (kind, f"yes: {how}", "folded", "folded", "yes") for kind, how in _FILES_ONLY.items()}
    lines += [rows[kind] for kind in sorted(rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def page(text: str) -> str:
    """``text`` with its table replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


def _row(kind: str, corners: list[Graph]) -> tuple[str, ...]:
    rng = np.random.default_rng(0)
    graphs = [random_case(kind, rng) for _ in range(_CASES)]
    graphs += [graph for graph in corners if graph.ops[0].kind == kind]
    portable = _kernels(graphs, kind, Core.M0PLUS)
    fast = {name for name in _kernels(graphs, kind, Core.M4F) if name.endswith("_dsp")}
    runs_there = "no" if kind in UNKNOWN_TO_TFLM else "yes"
    return kind, "yes", _names(portable), _names(fast) or "the portable one", runs_there


def _kernels(graphs: list[Graph], kind: str, core: Core) -> set[str]:
    found: set[str] = set()
    for graph in graphs:
        for low in (*lower_graph(graph, Target(core)), *lower_graph(graph, Target(core, no_scratch=True))):
            if graph.ops[low.op_index].kind == kind:
                found |= {low.kernel} | ({low.blocks.kernel} if isinstance(low.blocks, Blocks) else set())
                found |= {by_blocks(low, MAX_BYTES).kernel}
    return found


def _names(kernels: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(kernels))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
