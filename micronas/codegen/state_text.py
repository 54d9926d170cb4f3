"""The table of states in C: where they lie in the arena and what they hold before the first run."""

from __future__ import annotations

import numpy as np

from micronas.codegen.arena import ArenaPlan
from micronas.codegen.literals import rows
from micronas.codegen.lowering.sizes import initial_symbol, uniform_byte
from micronas.model.graph import Graph, State


def definitions_of_states(graph: Graph, plan: ArenaPlan) -> str:
    """The table, and an array for each state that does not begin uniformly; empty without states."""
    if not graph.states:
        return ""
    arrays = [_initial(i, state) for i, state in enumerate(graph.states) if uniform_byte(state) is None]
    lines = [_row(graph, plan, i, state) for i, state in enumerate(graph.states)]
    table = ["static const mn_state mn_model_states[] = {", *lines, "};", "", ""]
    return "\n".join([*arrays, *table])


def members_of_states(graph: Graph) -> str:
    """The members of ``mn_model`` for states; empty for a graph without."""
    if not graph.states:
        return ""
    return f"    .states = mn_model_states,\n    .n_states = {len(graph.states)},\n"


def _row(graph: Graph, plan: ArenaPlan, number: int, state: State) -> str:
    tensor, fill = graph.tensors[state.before], uniform_byte(state)
    initial = initial_symbol(number) if fill is None else "0"
    return (
        f"    {{{plan.offsets[state.before]}u, {tensor.nbytes}u, {initial}, {fill or 0}}}, "
        f"/* {'x'.join(map(str, tensor.shape))} {tensor.dtype.value} */"
    )


def _initial(number: int, state: State) -> str:
    values = np.frombuffer(np.ascontiguousarray(state.initial).tobytes(), np.int8)
    return f"static const int8_t {initial_symbol(number)}[{values.size}] = {{\n{rows(values)}\n}};\n"
