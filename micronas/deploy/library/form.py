"""The two forms of an exported network: for cores with the DSP extension, and in portable C."""

from __future__ import annotations

from dataclasses import dataclass

import micronas
from micronas.board import Core, load_board
from micronas.codegen import generate
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.row_source import FETCH_KERNEL, is_fed_by_rows
from micronas.codegen.lowering.rows import ROW_KERNEL
from micronas.codegen.lowering.sizes import constant_items, model_constant_bytes
from micronas.deploy.limits import MAX_ARENA_BYTES
from micronas.errors import ModelError
from micronas.memory.ledger.row_input import plan_with_row_input
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan import Plan, plan_memory
from micronas.memory.plan.free_scratch import Cycles, use_free_bytes
from micronas.memory.plan.picture import picture
from micronas.memory.plan.prefer import DEFAULT_PREFER, Prefer
from micronas.memory.plan.rows.bands import ROWS_MAY_COST
from micronas.memory.plan.rows.plan import plan_by_rows
from micronas.model.graph import Graph

TIMED_ON = "nucleo_l4r5zi"
"""A library knows no board: which steps are faster is modelled for a Cortex-M4F with a usual flash cache."""

_SOURCE = """\
#include "{header}"

#define mn_the_model {symbol}
#define mn_arena {symbol}_arena

{condition}
{text}#endif
"""

_ARENA = "int8_t mn_arena[{nbytes}] MN_ARENA;"
_OPTIONAL_ARENA = """\
#if defined({macro}_NO_ARENA)
#define MN_STATIC_ARENA ((int8_t *)0)
#else
#define MN_STATIC_ARENA mn_arena
{arena}
#endif"""


@dataclass(frozen=True, eq=False)
class Form:
    """A network lowered and planned for one kind of core."""

    key: str
    title: str
    core: Core
    condition: str
    graph: Graph
    lowered: tuple[Lowered, ...]
    plan: Plan

    def source(self, name: str, symbol: str, header: str) -> str:
        """The C of this form, empty on other cores; its static arena can be left out."""
        text = generate(self.graph, self.lowered, self.plan, name=name)["mn_model.c"]
        arena = _ARENA.format(nbytes=self.plan.arena_bytes)
        assert text.count(arena) == text.count(".arena = mn_arena,") == 1, (
            "the generator's arena is one array"
        )
        optional = _OPTIONAL_ARENA.format(macro=symbol.upper(), arena=arena)
        text = text.replace(arena, optional).replace(".arena = mn_arena,", ".arena = MN_STATIC_ARENA,")
        return _SOURCE.format(header=header, symbol=symbol, condition=self.condition, text=text)

    @property
    def functions(self) -> set[str]:
        """What its ops call."""
        rows = {ROW_KERNEL} if self.plan.row_steps else set()
        return {op.kernel for op in self.lowered} | rows

    @property
    def takes_rows(self) -> bool:
        """Whether the application delivers the input row by row."""
        return is_fed_by_rows(self.graph)

    @property
    def constant_bytes(self) -> int:
        """Of weights, parameters and tables, on a 32-bit target."""
        return model_constant_bytes(self.graph, self.lowered)

    def to_json(self) -> dict[str, object]:
        """Ops in order of execution with their kernels, and buffers with their lifetimes."""
        return {
            "form": self.key,
            "cores": self.title,
            "assumed_flags": ["-std=c99", "-O2", f"-mcpu={self.core.value}"],
            "constant_bytes": self.constant_bytes,
            "arena_bytes": self.plan.arena_bytes,
            "row_steps": len(self.plan.row_steps),
            "input_buffer_bytes": self._input_buffer_bytes(),
            "smallest_arena_bytes": self.plan.arena_bytes - self.plan.grown_bytes,
            "ops": self.ops(),
            "buffers": self._buffers(),
        }

    def picture(self) -> str:
        """The memory plan as text."""
        return picture(self.graph, self.plan)

    def ops(self) -> list[dict[str, object]]:
        """One row per op, in order of execution."""
        constants: dict[int, int] = {}
        for item in constant_items(self.graph, self.lowered):
            if item.op_index is not None:
                constants[item.op_index] = constants.get(item.op_index, 0) + item.nbytes
        by_index = {op.op_index: op for op in self.lowered}
        return [self._op(by_index[i], constants.get(i, 0)) for i in self.plan.order]

    def _op(self, lowered: Lowered, constant_bytes: int) -> dict[str, object]:
        op = self.graph.ops[lowered.op_index]
        output = self.graph.tensors[op.outputs[0]]
        return {
            "op": lowered.op_index,
            "kind": op.kind,
            "output": output.name,
            "output_shape": list(output.shape),
            "kernel": lowered.kernel,
            "why": _why(lowered.kernel, self.key, lowered.is_copy),
            "scratch_bytes": lowered.scratch_bytes,
            "constant_bytes": constant_bytes,
        }

    def _input_buffer_bytes(self) -> int:
        (span,) = (span for span in self.plan.spans if self.graph.inputs[0] in span.tensors)
        return span.size

    def _buffers(self) -> list[dict[str, object]]:
        """Steps count the ops in order of execution from 1; 0 writes the inputs, the last reads outputs."""
        return [
            {
                "offset": span.offset,
                "bytes": span.size,
                "first_step": span.first,
                "last_step": span.last,
                "tensors": [self.graph.tensors[t].name for t in span.tensors],
                "scratch_of_op": span.scratch_of,
            }
            for span in sorted(self.plan.spans, key=lambda span: (span.first, span.offset))
        ]


def make_forms(graph: Graph, prefer: Prefer = DEFAULT_PREFER, *, row_input: bool = False) -> tuple[Form, ...]:
    """Both forms; raises ``ModelError`` as lowering does. Steps of ops are timed on ``TIMED_ON``.

    With ``row_input`` the application delivers the input row by row; ``ModelError`` if it cannot come so.
    """
    board = load_board(TIMED_ON)
    cycles = step_cycles(graph, board)
    kinds = (
        ("dsp", "Cores with the DSP extension (Cortex-M4, M7, M33, M55)", Core.M4F, "defined"),
        ("portable", "Other cores (Cortex-M0, M0+, M3, and any host)", Core.M0PLUS, "!defined"),
    )
    forms = []
    for key, title, core, test in kinds:
        if row_input:
            taken = plan_with_row_input(graph, Target(core), board, prefer)
            planned, lowered, plan = taken.graph, taken.lowered, taken.plan
        else:
            planned, (lowered, plan) = graph, _planned(graph, Target(core), prefer, cycles)
        _require_possible(planned, plan)
        condition = f"#if {test}(__ARM_FEATURE_DSP)"
        forms.append(Form(key, title, core, condition, planned, lowered, plan))
    return tuple(forms)


def _planned(
    graph: Graph, target: Target, prefer: Prefer, cycles: Cycles | None
) -> tuple[tuple[Lowered, ...], Plan]:
    """Op by op; by rows, if these are asked for and take a smaller arena."""
    lowered = lower_graph(graph, target)
    plan = plan_memory(graph, lowered)
    if prefer.may_grow and cycles is not None:
        return use_free_bytes(lowered, plan, MAX_ARENA_BYTES, cycles)
    whole, plan_of_whole = use_free_bytes(lowered, plan)
    if prefer is not Prefer.ROWS:
        return whole, plan_of_whole
    most = 0.0 if cycles is None else (1.0 + ROWS_MAY_COST) * sum(map(cycles, whole))
    found = plan_by_rows(graph, lowered, target, plan.arena_bytes, cycles=cycles, most_cycles=most)
    return (whole, plan_of_whole) if found is None else use_free_bytes(found.lowered, found.plan)


def version() -> str:
    """Of the program that writes the library."""
    return micronas.__version__


def _why(kernel: str, form: str, is_copy: bool) -> str:
    if kernel == FETCH_KERNEL:
        return "the application's function writes the rows"
    if is_copy:
        return "copies nothing if input and output share their memory"
    if kernel.endswith("_dsp"):
        return "the DSP form of this op takes this shape"
    return "portable C" if form == "portable" else "portable C: no DSP form for this op and shape"


def _require_possible(graph: Graph, plan: Plan) -> None:
    """Refuses a network that is too large for any microcontroller, before anything runs or is written."""
    if plan.arena_bytes <= MAX_ARENA_BYTES:
        return
    where = "" if plan.peak_op is None else f" (most at op {plan.peak_op} {graph.ops[plan.peak_op].kind})"
    raise ModelError(
        f"{graph.name}: the activations take {plan.arena_bytes:,} bytes{where}; "
        f"a library can have at most {MAX_ARENA_BYTES:,}",
        remedy="use a smaller input, fewer channels, or a stride early in the network",
    )
