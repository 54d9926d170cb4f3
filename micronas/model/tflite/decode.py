"""Flatbuffer bytes -> plain values, with checks of every offset and length.

A damaged file must raise ``ModelError``. The flatbuffers runtime checks little. Lengths are therefore
compared with the file's size before any loop, and every exception that a wrong offset causes in the runtime
becomes one error here. No other module reads the file's bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from micronas.errors import ModelError
from micronas.model.graph import State
from micronas.model.op_attributes import Attrs, CallOnce, NoAttrs
from micronas.model.tflite.op_format import FILE_FORMATS, OP_FORMATS, OP_NAMES, TYPE_NAMES

_RUNTIME_ERRORS = (
    struct.error,
    ValueError,
    IndexError,
    TypeError,
    OverflowError,
    AttributeError,
    MemoryError,
)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class RawTensor:
    """A tensor as stored in the file; ``type_name`` is the schema's name, ``data`` its constant bytes."""

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    type_name: str
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int
    data: npt.NDArray[np.uint8]
    is_variable: bool
    is_sparse: bool


@dataclass(frozen=True)
class RawOp:
    """An operator as stored in the file; ``custom`` names a custom op."""

    kind: str
    custom: str | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attrs: Attrs


@dataclass(frozen=True, eq=False)
class RawModel:
    """The first subgraph, and the number of subgraphs.

    ``called_once`` are those that a CALL_ONCE names, by their number. ``states`` are empty as decoded.
    """

    subgraphs: int
    tensors: tuple[RawTensor, ...]
    ops: tuple[RawOp, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    called_once: Mapping[int, RawModel] = field(default_factory=dict)
    states: tuple[State, ...] = ()


def decode(data: bytes) -> RawModel:
    """Walk the tables of ``data``; raises ``ModelError`` for any inconsistency."""
    return _decoded(bytes(data))


@lru_cache(maxsize=2)
def _decoded(data: bytes) -> RawModel:
    """Kept for the last files, because a trial reads its network four times."""
    try:
        return _Decoder(data).model()
    except _RUNTIME_ERRORS as error:
        raise ModelError(
            f"the file is cut short or damaged: its {len(data):,} bytes refer to missing data",
            remedy="fetch the file again, or convert the model again",
        ) from error


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._model = schema.Model.GetRootAs(data, 0)

    def model(self) -> RawModel:
        if self._count(self._model.SubgraphsLength()) == 0:
            raise ModelError("the file has no graph")
        main = self._subgraph(0)
        called = {op.attrs.init_subgraph for op in main.ops if isinstance(op.attrs, CallOnce)}
        return replace(main, called_once={number: self._subgraph(number) for number in sorted(called)})

    def _subgraph(self, number: int) -> RawModel:
        if not 0 <= number < self._model.SubgraphsLength():
            raise ModelError(f"the flatbuffer is damaged (subgraph {number})")
        sub = self._present(self._model.Subgraphs(number))
        return RawModel(
            subgraphs=self._model.SubgraphsLength(),
            tensors=self._each(sub.TensorsLength(), sub.Tensors, self._tensor),
            ops=tuple(
                self._op(self._present(sub.Operators(i)), i)
                for i in range(self._count(sub.OperatorsLength()))
            ),
            inputs=_ints(sub.InputsAsNumpy()),
            outputs=_ints(sub.OutputsAsNumpy()),
        )

    def _count(self, number: int) -> int:
        if not 0 <= number <= len(self._data) // 4:  # a table takes at least its 4-byte offset
            raise ModelError(f"the flatbuffer is damaged (a list of {number} entries)")
        return number

    def _present(self, table: Any) -> Any:
        if table is None:
            raise ModelError("the flatbuffer is damaged (a table is missing)")
        return table

    def _each(self, number: int, item: Callable[[int], Any], convert: Callable[[Any], T]) -> tuple[T, ...]:
        return tuple(convert(self._present(item(i))) for i in range(self._count(number)))

    def _tensor(self, tensor: Any) -> RawTensor:
        quant = tensor.Quantization()
        return RawTensor(
            name=printable_text(tensor.Name()),
            shape=_ints(tensor.ShapeAsNumpy()),
            signature=_ints(tensor.ShapeSignatureAsNumpy()),
            type_name=TYPE_NAMES.get(tensor.Type(), f"type {tensor.Type()}"),
            scale=_floats(quant.ScaleAsNumpy()) if quant else (),
            zero_point=_ints(quant.ZeroPointAsNumpy()) if quant else (),
            axis=int(quant.QuantizedDimension()) if quant else 0,
            data=self._buffer(tensor.Buffer()),
            is_variable=bool(tensor.IsVariable()),
            is_sparse=tensor.Sparsity() is not None,
        )

    def _buffer(self, index: int) -> npt.NDArray[np.uint8]:
        if not 0 <= index < self._count(self._model.BuffersLength()):
            raise ModelError(f"the flatbuffer is damaged (buffer {index} of {self._model.BuffersLength()})")
        buffer = self._present(self._model.Buffers(index))
        if buffer.Offset() > 1:
            raise ModelError("constants are outside the flatbuffer, as in files over 2 GB")
        data = buffer.DataAsNumpy()
        return np.frombuffer(b"", np.uint8) if isinstance(data, int) else data

    def _op(self, op: Any, position: int) -> RawOp:
        index = op.OpcodeIndex()
        if not 0 <= index < self._count(self._model.OperatorCodesLength()):
            raise ModelError(f"the flatbuffer is damaged (operator code {index})")
        code = self._present(self._model.OperatorCodes(index))
        # Codes below 127 are also in the old one-byte field; the larger of the two is valid.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        custom = code.CustomCode()
        kind = OP_NAMES.get(number, f"operator {number}")
        return RawOp(
            kind=kind,
            custom=printable_text(custom) if custom is not None or kind == "CUSTOM" else None,
            inputs=_ints(op.InputsAsNumpy()),
            outputs=_ints(op.OutputsAsNumpy()),
            attrs=self._attrs(kind, op, f"op #{position} {kind}"),
        )

    def _attrs(self, kind: str, op: Any, where: str) -> Attrs:
        known = OP_FORMATS.get(kind) or FILE_FORMATS.get(kind)
        layout = known.layout if known else None
        if layout is None:
            return NoAttrs()
        if op.BuiltinOptionsType() == 0 or op.BuiltinOptions() is None:
            if not layout.optional:
                raise ModelError(
                    f"{where} has no options, such as strides or an axis, and they have no default",
                    remedy="fetch the file again, or convert the model again",
                )
            return layout.defaults()
        if op.BuiltinOptionsType() != layout.type_code:
            raise ModelError(f"{where} has the options of another op: the file is damaged")
        try:
            return layout.decode(op.BuiltinOptions())
        except ModelError as error:
            raise ModelError(f"{where}: {error.message}", remedy=error.remedy) from error


def printable_text(value: bytes | None) -> str:
    """A name that is safe to print: no character that moves a cursor, sets a colour or begins a line."""
    name = value.decode("utf-8", "replace") if value else ""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _ints(values: Any) -> tuple[int, ...]:
    return () if isinstance(values, int) else tuple(int(v) for v in values)


def _floats(values: Any) -> tuple[float, ...]:
    return () if isinstance(values, int) else tuple(float(v) for v in values)
