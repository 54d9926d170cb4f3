"""Contents of each bank of an arena that is split over separate memories, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from micronas.memory.plan.arena_plan import Bank, Plan
from micronas.model.graph import Graph
from micronas.trial import Json


def bank_lines(graph: Graph, plan: Plan) -> list[str]:
    """One line per bank: its bytes, and the tensors and scratch in it; none for an arena in one piece."""
    makers = {t: i for i, op in enumerate(graph.ops) for t in op.outputs}
    lines = []
    for bank in plan.banks:
        tensors = _within(bank, plan.offsets)
        inputs = [str(graph.inputs.index(t)) for t in tensors if t in graph.inputs]
        outputs = [str(makers[t]) for t in tensors if t in makers]
        scratch = [str(op) for op in _within(bank, plan.scratch_offsets)]
        kinds = (("inputs", inputs), ("outputs of ops", outputs), ("scratch of ops", scratch))
        held = "; ".join(f"{what} {', '.join(numbers)}" for what, numbers in kinds if numbers)
        lines.append(f"  {bank.name}: {bank.nbytes:,} bytes: {held}")
    return lines


def banks_to_json(plan: Plan) -> list[Json]:
    """One object per bank, tensors and ops by their indices; empty for an arena in one piece."""
    return [
        {
            "region": bank.name,
            "bytes": bank.nbytes,
            "tensors": [*_within(bank, plan.offsets)],
            "scratch_of_ops": [*_within(bank, plan.scratch_offsets)],
        }
        for bank in plan.banks
    ]


def _within(bank: Bank, offsets: Mapping[int, int]) -> list[int]:
    return [i for i, offset in offsets.items() if bank.start <= offset < bank.start + bank.nbytes]
