"""The plan as text: time down, bytes across, one line per step.

step op                                  0          16.0 KB
  0  load inputs                         AA......................
  1  CONV_2D                             AABBBBBBBBBBBBBBBBBB....
  2  DEPTHWISE_CONV_2D                   ..BBBBBBBBBBBBBBBBBB####  peak
"""

from __future__ import annotations

import itertools
import string

from micronas.memory.plan.arena_plan import Plan, Span
from micronas.model.graph import Graph

SCRATCH, FREE, BOTH = "#", ".", "*"
_NAME_WIDTH = 24


def picture(graph: Graph, plan: Plan, width: int = 64) -> str:
    """``plan`` drawn with ``width`` characters for the arena; letters are tensors, ``#`` is scratch.

    ``*`` marks bytes that an output takes over from its input in that step, ``|`` the border between separate
    memories. A legend names the tensors.
    """
    last = len(plan.order) + 1
    letters = _letters(plan)
    head = f"{'step op':<{_NAME_WIDTH + 7}}0{plan.arena_bytes:>{width - 1},} B"
    rows = [head]
    rows += [f"{'':<{_NAME_WIDTH + 7}}{_bordered(plan, _bank_names(plan, width))}"] if plan.banks else []
    for step in range(last + 1):
        row = _bordered(plan, _row(plan, letters, step, width))
        mark = "  peak" if plan.live_bytes(step) == plan.bound_bytes else ""
        rows.append(f"{step:>4}  {_name(graph, plan, step):<{_NAME_WIDTH}} {row}{mark}")
    return "\n".join([*rows, "", *_legend(graph, plan, letters)]) + "\n"


def _name(graph: Graph, plan: Plan, step: int) -> str:
    if step == 0:
        return "load inputs"
    if step == len(plan.order) + 1:
        return "read outputs"
    op = plan.order[step - 1]
    return f"#{op} {graph.ops[op].kind}"[:_NAME_WIDTH]


def _letters(plan: Plan) -> dict[Span, str]:
    names = string.ascii_uppercase + string.ascii_lowercase
    tensors = [span for span in plan.spans if span.scratch_of is None]
    return {span: names[i % len(names)] for i, span in enumerate(tensors)}


def _row(plan: Plan, letters: dict[Span, str], step: int, width: int) -> str:
    cells = [FREE] * width
    for span in plan.spans:
        if not span.first <= step <= span.last or plan.arena_bytes == 0:
            continue
        first = span.offset * width // plan.arena_bytes
        end = max(first + 1, (span.offset + span.size) * width // plan.arena_bytes)
        for i in range(first, min(end, width)):
            cells[i] = letters.get(span, SCRATCH) if cells[i] == FREE else BOTH
    return "".join(cells)


def _bordered(plan: Plan, row: str) -> str:
    """``row`` with a mark where a further bank begins."""
    starts = [0, *(bank.start * len(row) // plan.arena_bytes for bank in plan.banks[1:]), len(row)]
    return "|".join(row[first:end] for first, end in itertools.pairwise(starts))


def _bank_names(plan: Plan, width: int) -> str:
    row = ""
    for bank in plan.banks:
        row = f"{row:<{bank.start * width // plan.arena_bytes}}{bank.name}"
    return f"{row:<{width}}"


def _legend(graph: Graph, plan: Plan, letters: dict[Span, str]) -> list[str]:
    lines = []
    for span, letter in letters.items():
        shapes = ", ".join(f"{t}: {'x'.join(map(str, graph.tensors[t].shape)) or '1'}" for t in span.tensors)
        bank = plan.bank_at(span.offset)
        where = f"{span.offset - bank.start:>7,} of {bank.name}" if bank else f"{span.offset:>7,}"
        lines.append(f"{letter}  {span.size:>7,} B at {where}  tensor {shapes}")
    return lines
