"""One op as C: its constants, its parameter struct, and the function that binds the kernel to the arena."""

from __future__ import annotations

from micronas.codegen.arena import ArenaPlan, expression
from micronas.codegen.comments import in_comment
from micronas.codegen.literals import array_definition, float_literal, integer_literal
from micronas.codegen.lowering import Argument, Lowered, Ref, StructField
from micronas.codegen.lowering.row_source import FETCH_KERNEL
from micronas.codegen.lowering.sizes import constant_symbol, params_symbol, struct_bytes
from micronas.model.graph import Graph, Op, Tensor


def op_text(graph: Graph, lowered: Lowered, plan: ArenaPlan) -> str:
    """The complete op, with a comment that describes it."""
    op = graph.ops[lowered.op_index]
    if lowered.kernel == FETCH_KERNEL:
        return f"{_comment(graph, op, lowered.op_index)}\n{_source(lowered)}"
    parts = [
        _comment(graph, op, lowered.op_index),
        *(array_definition(lowered.op_index, constant) for constant in lowered.constants),
        _params(lowered),
        _rows_function(op, lowered, plan) if lowered.row_call else _function(op, lowered, plan),
    ]
    return "\n".join(parts)


def _source(lowered: Lowered) -> str:
    """Rows that the application delivers come by ``mn_fetch_rows`` in place of this function."""
    head = f"static mn_status {function_name(lowered)}(int8_t *arena, const mn_step *step)"
    return f"{head}\n{{\n    (void)arena;\n    (void)step;\n    return MN_ERROR_ARGUMENT;\n}}"


def function_name(lowered: Lowered) -> str:
    """``op3_conv2d_s8``."""
    return f"op{lowered.op_index}_{lowered.kernel.removeprefix('mn_')}"


def _comment(graph: Graph, op: Op, index: int) -> str:
    """Shapes and names as the .tflite file has them, so that an op is found again in the model."""

    def tensors(indices: tuple[int, ...]) -> str:
        return ", ".join(_described(graph.tensors[t]) for t in indices)

    reads = graph.activation_inputs(op)
    source = tensors(reads) if reads else "rows that the application delivers"
    return f"/* {index}: {op.kind}\n *  {source}\n *  -> {tensors(op.outputs)} */"


def _described(tensor: Tensor) -> str:
    shape = "x".join(map(str, tensor.shape)) or "scalar"
    return f"{in_comment(tensor.name)} {shape}" if tensor.name else shape


def _params(lowered: Lowered) -> str:
    symbol = params_symbol(lowered.op_index)
    members = "\n".join(f"    .{f.name} = {_value(lowered, f)}," for f in lowered.params)
    return (
        f"static const {lowered.params_type} {symbol} = {{\n{members}\n}};\n"
        f"MN_ASSERT_SIZE({symbol}, {struct_bytes(lowered.params)});"
    )


def _value(lowered: Lowered, field: StructField) -> str:
    if isinstance(field.value, Ref):
        return constant_symbol(lowered.op_index, field.value.constant)
    if isinstance(field.value, tuple):
        return "{" + ", ".join(integer_literal(v) for v in field.value) + "}"
    if isinstance(field.value, float):
        return float_literal(field.value)
    return integer_literal(field.value)


def _function(op: Op, lowered: Lowered, plan: ArenaPlan) -> str:
    inputs = [_input(lowered, argument, plan) for argument in lowered.arguments]
    outputs = [expression(plan, plan.offsets[t]) for t in op.outputs]
    body = ""
    if lowered.gathers_inputs:
        body += f"    const int8_t *const inputs[] = {{{', '.join(inputs)}}};\n"
        inputs = ["inputs"]
    if lowered.gathers_outputs:
        body += f"    int8_t *const outputs[] = {{{', '.join(outputs)}}};\n"
        outputs = ["outputs"]
    scratch = [expression(plan, plan.scratch_offsets[lowered.op_index])] if lowered.scratch_bytes else []
    arguments = ", ".join([f"&{params_symbol(lowered.op_index)}", *inputs, *scratch, *outputs])
    call = f"    return {lowered.kernel}({arguments});\n"
    if "arena +" not in body + call:  # all operands are in further banks
        body += "    (void)arena;\n"
    return f"static mn_status {function_name(lowered)}(int8_t *arena)\n{{\n{body}{call}}}"


def _rows_function(op: Op, lowered: Lowered, plan: ArenaPlan) -> str:
    """The same for some rows of the op, whose places a step gives."""
    call, symbol = lowered.row_call, params_symbol(lowered.op_index)
    assert call is not None
    sets = [f"    params.{m.member} = {_times(m.scale, f'step->{m.of}')};" for m in call.members]
    starts = [_input(lowered, argument, plan) for argument in lowered.arguments]
    inputs = [
        f"{start} + {_times(call.x_bytes, f'step->{at}')}"
        for start, at in zip(starts, ("x", "second"), strict=False)
    ]
    scratch = [expression(plan, plan.scratch_offsets[lowered.op_index])] if lowered.scratch_bytes else []
    output = expression(plan, plan.offsets[op.outputs[0]])
    kept, dropped = _times(call.y_bytes, "step->y"), _times(call.y_bytes, "step->drop")
    arguments = ", ".join(["&params", *inputs, *scratch, f"{output} + {kept}"])
    moves = ["    if (step->drop != 0) {", f"        mn_drop_rows({output}, {dropped}, {kept});", "    }"]
    if call.moves:
        moves += ["    if (step->in_rows + step->out_rows == 0) {", "        return MN_OK;", "    }"]
    lines = [
        *moves,
        f"    {lowered.params_type} params = {symbol};",
        *sets,
        f"    return {lowered.kernel}({arguments});",
    ]
    head = f"static mn_status {function_name(lowered)}(int8_t *arena, const mn_step *step)"
    return "\n".join([head, "{", *lines, "}"])


def _times(factor: int, text: str) -> str:
    return text if factor == 1 else f"{factor} * {text}"


def _input(lowered: Lowered, argument: Argument, plan: ArenaPlan) -> str:
    if isinstance(argument, Ref):
        return constant_symbol(lowered.op_index, argument.constant)
    return expression(plan, plan.offsets[argument])
