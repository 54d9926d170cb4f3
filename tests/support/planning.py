"""Made-up graphs to plan, and an independent checker that runs a plan on tagged bytes."""

from __future__ import annotations

from hypothesis import strategies as st

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.row_source import is_fed_by_rows
from micronas.memory.plan import Plan
from micronas.memory.plan.values import TENSOR_ALIGNMENT
from micronas.model.graph import DType, Graph, Op, Tensor
from micronas.model.op_attributes import NoAttrs


def make_graph(sizes: list[int], ops: list[tuple[list[int], list[int]]], inputs, outputs) -> Graph:
    tensors = tuple(Tensor(f"t{i}", (1, size), DType.INT8) for i, size in enumerate(sizes))
    return Graph(
        "made_up",
        tensors,
        tuple(Op("OP", tuple(reads), tuple(writes), NoAttrs()) for reads, writes in ops),
        tuple(inputs),
        tuple(outputs),
    )


def lowered_op(
    i: int,
    scratch: int = 0,
    in_place: tuple[int, ...] = (),
    is_copy: bool = False,
    lead: int | None = None,
    lag: int | None = None,
) -> Lowered:
    return Lowered(i, "mn_op", "mn_op.h", "mn_op", (), (), (), scratch, in_place, lead, lag, is_copy)


def plain(graph: Graph) -> tuple[Lowered, ...]:
    return tuple(lowered_op(i) for i in range(len(graph.ops)))


@st.composite
def planning_problems(draw, most_ops: int = 9):
    """Branching graphs: each op reads one to three earlier tensors; some ops copy, some work in place."""
    n_inputs = draw(st.integers(1, 2))
    sizes = [draw(st.integers(1, 60)) for _ in range(n_inputs)]
    ops, lowered = [], []
    for i in range(draw(st.integers(1, most_ops))):
        last = len(sizes) - 1
        near = st.integers(max(0, last - 4), last)
        reads = draw(st.lists(near, min_size=1, max_size=3))
        is_copy = draw(st.booleans()) and draw(st.booleans()) and len(set(reads)) == 1
        sizes.append(sizes[reads[0]] if is_copy else draw(st.integers(1, 60)))
        ops.append((reads[:1] if is_copy else reads, [len(sizes) - 1]))
        in_place = () if is_copy else tuple(p for p in range(len(reads)) if draw(st.integers(0, 3)) == 0)
        scratch = draw(st.sampled_from([0, 0, 0, 5, 40]))
        overlaps = len(reads) == 1 and not is_copy
        lead, lag = (draw(st.sampled_from([None, 0, 7, 30])) if overlaps else None for _ in range(2))
        lowered.append(lowered_op(i, 0 if is_copy else scratch, in_place, is_copy, lead, lag))
    read = {t for reads, _ in ops for t in reads}
    unread = [t for t in range(n_inputs, len(sizes)) if t not in read]
    extra = draw(st.lists(st.integers(n_inputs, len(sizes) - 1), max_size=1))
    graph = make_graph(sizes, ops, range(n_inputs), dict.fromkeys(unread + extra))
    return graph, tuple(lowered)


def verify_plan(graph: Graph, lowered: tuple[Lowered, ...], plan: Plan) -> None:
    """Every byte an op reads must still be the one that was written for that tensor.

    Each arena byte remembers which element of which tensor it holds. Ops check their inputs whole, then
    write their outputs; copies hand tags on; scratch destroys what it lies on before the output is written,
    and an output may lie on an input only where the kernel said that it may.
    """
    arena: list[object] = [None] * plan.arena_bytes
    names = {t: t for t in range(len(graph.tensors))}
    for op, low in zip(graph.ops, lowered, strict=True):
        if low.is_copy:
            names[op.outputs[0]] = names[op.inputs[0]]

    def span(t: int) -> range:
        return range(plan.offsets[t], plan.offsets[t] + graph.tensors[t].nbytes)

    def write(t: int) -> None:
        for k, byte in enumerate(span(t)):
            arena[byte] = (names[t], k)

    def holds(t: int) -> bool:
        return all(arena[byte] == (names[t], k) for k, byte in enumerate(span(t)))

    if not is_fed_by_rows(graph):
        for t in graph.inputs:
            write(t)
        assert all(holds(t) for t in graph.inputs)
    by_rows = {step.op for step in plan.row_steps}
    assert by_rows == {low.op_index for low in lowered if low.row_call}
    run_by_rows(graph, lowered, plan, arena)
    for i in plan.order:
        if i in by_rows:
            continue
        op, low = graph.ops[i], lowered[i]
        reads = graph.activation_inputs(op)
        assert all(holds(t) for t in reads), f"op {i} reads what is no longer there"
        if low.is_copy and plan.offsets[op.outputs[0]] == plan.offsets[op.inputs[0]]:
            continue
        if low.scratch_bytes:
            first = plan.scratch_offsets[i]
            assert first + low.scratch_bytes <= plan.arena_bytes
            for byte in range(first, first + low.scratch_bytes):
                arena[byte] = "scratch"
        for t in reads:
            if not may_overlap(graph, low, plan, t) or sum(names[u] == names[t] for u in reads) > 1:
                assert not set(span(t)) & set(span(op.outputs[0])), f"op {i} writes over what it reads"
            assert holds(t), f"scratch of op {i} lies on its input"
        for t in op.outputs:
            write(t)
        if low.scratch_bytes:
            assert not set(range(first, first + low.scratch_bytes)) & set(span(op.outputs[0]))
    assert all(holds(t) for t in graph.outputs)
    assert sorted(plan.order) == list(range(len(graph.ops)))
    offsets = (*plan.offsets.values(), *plan.scratch_offsets.values())
    assert all(offset % TENSOR_ALIGNMENT == 0 for offset in offsets)


def may_overlap(graph: Graph, low: Lowered, plan: Plan, t: int) -> bool:
    """Whether the kernel bears its output where the plan has it, were it on input ``t``."""
    op = graph.ops[low.op_index]
    distance = plan.offsets[op.outputs[0]] - plan.offsets[t]
    if t in {op.inputs[p] for p in low.in_place} and distance == 0:
        return True
    if len(graph.activation_inputs(op)) != 1:
        return False
    ahead = low.lead_bytes is not None and distance <= -low.lead_bytes
    return ahead or (low.lag_bytes is not None and distance >= low.lag_bytes)


def run_by_rows(graph: Graph, lowered: tuple[Lowered, ...], plan: Plan, arena: list[object]) -> None:
    """Run the steps of rows on tagged bytes: every row under a window must be where the step looks for it."""
    made = dict.fromkeys(range(len(graph.ops)), 0)
    for step in plan.row_steps:
        op, low = graph.ops[step.op], lowered[step.op]
        y, places = op.outputs[0], (step.x, step.second)
        line = _row_bytes(graph, y)
        start, kept = plan.offsets[y], step.y * line
        if step.drop:
            arena[start : start + kept] = arena[start + step.drop * line : start + step.drop * line + kept]
        if step.in_rows == step.out_rows == 0:
            continue
        if low.scratch_bytes:
            first = plan.scratch_offsets[step.op]
            kept_scratch = low.row_call.lasting and made[step.op] > 0
            fill = ("scratch", step.op)
            assert not kept_scratch or set(arena[first : first + low.scratch_bytes]) == {fill}
            assert first + low.scratch_bytes <= plan.arena_bytes
            arena[first : first + low.scratch_bytes] = [fill] * low.scratch_bytes
        top, rows = _rows_seen(graph, step.op, made[step.op], step) if op.inputs else (0, [])
        for t, place in zip(graph.activation_inputs(op), places, strict=False):
            for row in rows:
                at = plan.offsets[t] + (place + row - top) * _row_bytes(graph, t)
                wanted = _row_tags(graph, t, row)
                assert arena[at : at + len(wanted)] == wanted, f"op {step.op} does not find row {row} of {t}"
        check_overlap_of_rows(graph, low, plan, step)
        gathers = bool(low.row_call.lasting)
        for k in range(step.out_rows):
            at = start + (step.y + k) * line
            arena[at : at + line] = _row_tags(graph, y, 0 if gathers else made[step.op] + k)
        made[step.op] += step.in_rows if gathers else step.out_rows
        assert step.out_rows == 0 or start + (step.y + step.out_rows) * line <= plan.arena_bytes
    if plan.row_steps and is_fed_by_rows(graph):  # each row once
        assert made[0] == graph.tensors[graph.inputs[0]].shape[1]


def check_overlap_of_rows(graph: Graph, low: Lowered, plan: Plan, step) -> None:
    """What a step writes may lie on what it reads only where its kernel allows that. Rows of padding count as
    rows of the input: a kernel that works channel by channel may move an image up by whole rows.
    """
    op, y = graph.ops[step.op], graph.ops[step.op].outputs[0]
    reads, line = graph.activation_inputs(op), _row_bytes(graph, y)
    first = plan.offsets[y] + step.y * line
    for position, (t, place) in enumerate(zip(reads, (step.x, step.second), strict=False)):
        at, x_line = plan.offsets[t] + place * _row_bytes(graph, t), _row_bytes(graph, t)
        if first >= at + step.in_rows * x_line or first + step.out_rows * line <= at:
            continue
        distance = first - (at - step.pad_top * x_line)
        assert len(set(reads)) == len(reads)
        in_place = position in low.in_place and distance == 0
        ahead = len(reads) == 1 and low.lead_bytes is not None and distance <= -low.lead_bytes
        behind = len(reads) == 1 and low.lag_bytes is not None and distance >= low.lag_bytes
        assert in_place or ahead or (behind and not step.pad_top), f"op {step.op} writes over what it reads"


def _rows_seen(graph: Graph, i: int, first: int, step) -> tuple[int, list[int]]:
    """The row at the step's first place, and the input rows under the taps of its windows, by the definition
    of SAME and VALID.
    """
    op = graph.ops[i]
    height, out = graph.tensors[op.inputs[0]].shape[1], graph.tensors[op.outputs[0]].shape[1]
    taps, stride, dilation = _taps(graph, op)
    if op.kind == "AVERAGE_POOL_2D" and graph.tensors[op.outputs[0]].shape[1:3] == (1, 1) and taps == height:
        return first, list(range(first, first + step.in_rows))
    padding = max(0, (out - 1) * stride + (taps - 1) * dilation + 1 - height) // 2
    tops = [(first + k) * stride - padding for k in range(step.out_rows)]
    seen = {top + tap * dilation for top in tops for tap in range(taps)}
    assert step.pad_top == max(0, -tops[0])
    assert step.in_rows == min(height, max(seen) + 1) - max(0, tops[0])
    return max(0, tops[0]), sorted(row for row in seen if 0 <= row < height)


def _taps(graph: Graph, op: Op) -> tuple[int, int, int]:
    if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return graph.tensors[op.inputs[1]].shape[1], op.attrs.stride_h, op.attrs.dilation_h
    if op.kind.endswith("POOL_2D"):
        return op.attrs.filter_h, op.attrs.stride_h, 1
    return 1, 1, 1


def _row_bytes(graph: Graph, t: int) -> int:
    return graph.tensors[t].nbytes // graph.tensors[t].shape[1]


def _row_tags(graph: Graph, t: int, row: int) -> list[object]:
    size = _row_bytes(graph, t)
    return [(t, row * size + k) for k in range(size)]
