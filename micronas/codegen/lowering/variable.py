"""READ_VARIABLE and ASSIGN_VARIABLE: states lie in the arena, so both are copies."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext
from micronas.model.graph import Graph, state_updates

_VIEWS = frozenset({"READ_VARIABLE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"})


def lower_read_variable(context: OpContext) -> Lowered:
    """One call of ``mn_copy_s8``; the value is the state itself if all read it before an assignment."""
    return _copy(context, 0, is_view=_is_read_in_time(context.graph, context.index))


def lower_assign_variable(context: OpContext) -> Lowered:
    """One call of ``mn_copy_s8`` to the state's place."""
    return _copy(context, 1, is_view=False)


def _copy(context: OpContext, source: int, is_view: bool) -> Lowered:
    return Lowered(
        op_index=context.index,
        kernel="mn_copy_s8",
        header="mn_copy.h",
        params_type="mn_copy",
        params=(StructField("bytes", "int32_t", context.int8_output().nbytes),),
        constants=context.operand_constants(),
        arguments=(context.argument(source),),
        is_copy=is_view,
    )


def _is_read_in_time(graph: Graph, index: int) -> bool:
    """Whether every reader of the value, through whatever shares its bytes, runs before the state changes."""
    state, shared = graph.ops[index].inputs[0], {graph.ops[index].outputs[0]}
    updates = [i for i, op in enumerate(graph.ops) if any(before == state for before, _ in state_updates(op))]
    last = 0
    for i, op in enumerate(graph.ops[index + 1 :], index + 1):
        if shared.isdisjoint(op.inputs):
            continue
        last = i
        if op.kind in _VIEWS:
            shared.add(op.outputs[0])
    return shared.isdisjoint(graph.outputs) and (not updates or last <= updates[0])
