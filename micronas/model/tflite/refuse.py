"""Errors for models that are valid files but not supported int8 networks, each with its reason."""

from __future__ import annotations

from collections.abc import Callable

from micronas.errors import ModelError
from micronas.model.graph import ABSENT
from micronas.model.tflite.advice import advice, has_advice
from micronas.model.tflite.decode import RawModel, RawOp, RawTensor
from micronas.model.tflite.op_format import OP_FORMATS

_FULL_INT8 = (
    "convert with full integer quantization: a representative_dataset, "
    "target_spec.supported_ops = [TFLITE_BUILTINS_INT8], inference_input_type = inference_output_type = int8"
)
_FROM_UINT8 = (
    "this is the uint8 scheme of TensorFlow 1: convert the float model again with TensorFlow 2, which "
    "quantizes to int8 (inputs and outputs may stay uint8)"
)
_FROM_INT16 = (
    "convert with target_spec.supported_ops = [TFLITE_BUILTINS_INT8], without "
    "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
)
_CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})
_FLOAT_TYPES = frozenset({"FLOAT16", "FLOAT32", "FLOAT64", "BFLOAT16"})
WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
_OTHER_TYPES = frozenset({("SVDF", "INT16"), ("UNIDIRECTIONAL_SEQUENCE_LSTM", "INT16")})
"""Time weights of SVDF, and the states of both; the shape rules say where."""
_KNOWN_TYPES = frozenset({"INT8", "INT32", "INT64", "FLOAT32"})


def refuse_foreign(model: RawModel) -> None:
    """Raise ``ModelError`` for the first reason why ``model`` is not a supported int8 network."""
    for check in _CHECKS:
        check(model)


def _several_subgraphs(model: RawModel) -> None:
    if model.subgraphs != 1:
        raise ModelError(
            f"the file has {model.subgraphs} subgraphs; one is supported",
            remedy="control flow and several signatures do not fit a static plan: export one function",
        )
    if not model.ops:
        raise ModelError("the graph has no operators")
    if not model.inputs or not model.outputs:
        raise ModelError("the graph has no inputs or no outputs")


def _wild_indices(model: RawModel) -> None:
    for i, op in enumerate(model.ops):
        for t in op.inputs:
            _check_index(t, model, f"op #{i} {op.kind}", optional=True)
        for t in op.outputs:
            _check_index(t, model, f"op #{i} {op.kind}")
    for t in (*model.inputs, *model.outputs):
        _check_index(t, model, "the graph")


def _check_index(t: int, model: RawModel, where: str, optional: bool = False) -> None:
    if not (0 <= t < len(model.tensors) or (optional and t == ABSENT)):
        raise ModelError(f"{where} names tensor {t} of {len(model.tensors)}: the file is damaged")


def _custom_op(model: RawModel) -> None:
    for i, op in enumerate(model.ops):
        if op.custom is not None:
            raise ModelError(
                f"op #{i} is the custom op {op.custom!r}, which is not supported",
                remedy="replace it by built-in TFLite ops (set allow_custom_ops = False in the converter)",
            )


def _activations(model: RawModel, op: RawOp) -> list[RawTensor]:
    """Tensors of an op that are computed, not stored in the file; its state is not one of them."""
    states = {t for state in model.states for t in (state.before, state.after)}
    return [
        model.tensors[t]
        for t in (*op.inputs, *op.outputs)
        if t != ABSENT and t not in states and not model.tensors[t].data.size
    ]


def _type_names(model: RawModel, op: RawOp) -> set[str]:
    return {tensor.type_name for tensor in _activations(model, op)}


def _float_or_hybrid(model: RawModel) -> None:
    is_float = [bool(_type_names(model, op) & _FLOAT_TYPES) for op in model.ops]
    if not any(is_float):
        return
    for i, op in enumerate(model.ops):
        if is_float[i] and op.kind in WEIGHTED and _has_int8_weights(model, op):
            raise ModelError(
                f"hybrid model: op #{i} {op.kind} has int8 weights but float activations",
                remedy=_FULL_INT8,
            )
    if not any("INT8" in _type_names(model, op) for op in model.ops):
        raise ModelError("float model: its activations are float32, not int8", remedy=_FULL_INT8)
    _float_island(model)


def _has_int8_weights(model: RawModel, op: RawOp) -> bool:
    return len(op.inputs) > 1 and op.inputs[1] != ABSENT and model.tensors[op.inputs[1]].type_name == "INT8"


def _float_island(model: RawModel) -> None:
    """Float tensors are allowed only with QUANTIZE or DEQUANTIZE at the edge of the graph.

    The converter puts a DEQUANTIZE before an op that it leaves in float: the error names that op, not the
    DEQUANTIZE.
    """
    inside = [
        i
        for i, op in enumerate(model.ops)
        if _type_names(model, op) & _FLOAT_TYPES and not _is_rim(model, op)
    ]
    if not inside:
        return
    culprit = next((i for i in inside if model.ops[i].kind not in _CONVERSIONS), inside[0])
    kind = model.ops[culprit].kind
    raise ModelError(
        f"op #{culprit} {kind} works on float32 in an int8 network",
        remedy=f"the converter left it in float; {_instead_of_float(kind)}",
    )


def _instead_of_float(kind: str) -> str:
    if kind in _CONVERSIONS:
        return "remove the conversions in the middle of the network"
    if kind in OP_FORMATS and not has_advice(kind):
        return f"{kind} runs in int8 if its inputs and outputs were seen during calibration"
    return advice(kind)


def _is_rim(model: RawModel, op: RawOp) -> bool:
    """Whether ``op`` converts an input of the graph, or makes an output of the graph."""
    quantizes_input = op.kind == "QUANTIZE" and set(op.inputs) <= set(model.inputs)
    at_output = op.kind in _CONVERSIONS and set(op.outputs) <= set(model.outputs)
    return quantizes_input or at_output


def _other_types(model: RawModel) -> None:
    for i, op in enumerate(model.ops):
        for tensor in _activations(model, op):
            _refuse_activation_type(tensor, f"op #{i} {op.kind}", rim=_is_rim(model, op))
        for t in op.inputs:
            tensor = model.tensors[t]  # of ABSENT any: it is not looked at
            if t == ABSENT or not tensor.data.size or (op.kind, tensor.type_name) in _OTHER_TYPES:
                continue
            if tensor.type_name not in _KNOWN_TYPES:
                kind = tensor.type_name.lower()
                raise ModelError(
                    f"op #{i} {op.kind} has a constant of type {kind}; int8 weights are needed",
                    remedy="convert the float model without this kind of weight compression",
                )


def _refuse_activation_type(tensor: RawTensor, where: str, *, rim: bool) -> None:
    if tensor.type_name == "UINT8":
        if not rim:
            raise ModelError(f"uint8 model: {where} works on uint8, not int8", remedy=_FROM_UINT8)
    elif tensor.type_name == "INT16":
        raise ModelError(f"int16 activations: {where} works on int16, not int8", remedy=_FROM_INT16)
    elif tensor.type_name not in {"INT8", "INT32", "FLOAT32"}:
        raise ModelError(
            f"{where} works on {tensor.type_name.lower()}, not int8",
            remedy="leave this computation out of the network, or convert its result to int8 before",
        )


def _stateful_or_sparse(model: RawModel) -> None:
    for i, op in enumerate(model.ops):
        for t in (*op.inputs, *op.outputs):
            if t == ABSENT:
                continue
            if model.tensors[t].is_variable:
                raise ModelError(f"op #{i} {op.kind} keeps state between runs, which is not supported")
            if model.tensors[t].is_sparse:
                raise ModelError(f"op #{i} {op.kind} has sparse weights, which are not supported")


def _batch(model: RawModel) -> None:
    for t in model.inputs:
        tensor = model.tensors[t]
        if len(tensor.shape) > 1 and tensor.shape[0] != 1:
            raise ModelError(
                f"input {tensor.name!r} has batch {tensor.shape[0]}; a microcontroller runs batch 1",
                remedy="convert with Input(batch_shape=(1, ...))",
            )
        if any(dim < 0 for dim in tensor.signature[1:]):
            raise ModelError(
                f"input {tensor.name!r} has a dynamic shape {tensor.signature}",
                remedy="fix every dimension before converting: Input(batch_shape=(1, ...))",
            )


def _unsupported_op(model: RawModel) -> None:
    """Names the first, and how many other kinds there are, so that they are not met one by one."""
    unsupported = [i for i, op in enumerate(model.ops) if op.kind not in OP_FORMATS]
    if not unsupported:
        return
    first = unsupported[0]
    kind = model.ops[first].kind
    others = sorted({model.ops[i].kind for i in unsupported} - {kind})
    also = f" (nor {', '.join(others)})" if others else ""
    raise ModelError(
        f"op #{first} {kind} is not supported{also}",
        remedy=f"{advice(kind)}; supported: {', '.join(sorted(OP_FORMATS))}",
    )


_CHECKS: tuple[Callable[[RawModel], None], ...] = (
    _several_subgraphs,
    _wild_indices,
    _custom_op,
    _float_or_hybrid,
    _other_types,
    _stateful_or_sparse,
    _batch,
    _unsupported_op,
)
