"""Variables of a file -> states of the graph.

A file names a variable by VAR_HANDLE, reads and assigns it by READ_VARIABLE and ASSIGN_VARIABLE, and sets it
once by a subgraph that CALL_ONCE runs. In the graph a variable is a ``State``: READ_VARIABLE copies its
tensor, ASSIGN_VARIABLE has its next one as an output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.graph import State
from micronas.model.op_attributes import CallOnce, VarHandle
from micronas.model.tflite.decode import RawModel, RawOp, RawTensor, printable_text
from micronas.model.tflite.own_states import with_own_states

_Key = tuple[bytes, bytes]
_CONSTANTS_ONLY = "initialise variables with constants"


def with_states(model: RawModel) -> RawModel:
    """``model`` with its variables as states; unchanged if it has none."""
    if any(op.kind in ("VAR_HANDLE", "CALL_ONCE") for op in model.ops):
        model = _Variables(model).resolved()
    return with_own_states(model)


@dataclass(frozen=True, eq=False)
class _Slot:
    """A variable: its tensor now, as the ops so far have left it."""

    before: int
    current: int


class _Variables:
    def __init__(self, model: RawModel) -> None:
        self._model = model
        self._keys = _handles(model)
        self._initial = dict(_initial_values(model))
        self._tensors = list(model.tensors)
        self._slots: dict[_Key, _Slot] = {}

    def resolved(self) -> RawModel:
        ops = tuple(self._op(i, op) for i, op in enumerate(self._model.ops) if not _is_bookkeeping(op))
        return replace(
            self._model,
            subgraphs=self._model.subgraphs - len(self._model.called_once),
            tensors=tuple(self._tensors),
            ops=ops,
            states=tuple(self._state(key, slot) for key, slot in self._slots.items()),
        )

    def _op(self, index: int, op: RawOp) -> RawOp:
        if op.kind not in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
            return op
        where = f"op #{index} {op.kind}"
        reads = op.kind == "READ_VARIABLE"
        if (len(op.inputs), len(op.outputs)) != ((1, 1) if reads else (2, 0)):
            raise ModelError(f"{where}: {len(op.inputs)} inputs and {len(op.outputs)} outputs")
        if op.inputs[0] not in self._keys:
            raise ModelError(f"{where}: input 0 is not the handle of a variable")
        key = self._keys[op.inputs[0]]
        value = self._tensor(op.outputs[0] if reads else op.inputs[1], where)
        slot = self._slots.get(key) or self._new_slot(key, value)
        self._check_alike(value, slot, where)
        if reads:
            return replace(op, inputs=(slot.current,))
        after = self._append(replace(value, name=_name(key), data=_NOTHING))
        self._slots[key] = replace(slot, current=after)
        return replace(op, inputs=(slot.current, op.inputs[1]), outputs=(after,))

    def _tensor(self, index: int, where: str) -> RawTensor:
        if not 0 <= index < len(self._model.tensors):
            raise ModelError(
                f"{where} names tensor {index} of {len(self._model.tensors)}: the file is damaged"
            )
        return self._model.tensors[index]

    def _new_slot(self, key: _Key, value: RawTensor) -> _Slot:
        before = self._append(replace(value, name=_name(key), data=_NOTHING))
        self._slots[key] = _Slot(before, before)
        return self._slots[key]

    def _append(self, tensor: RawTensor) -> int:
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _check_alike(self, value: RawTensor, slot: _Slot, where: str) -> None:
        held = self._tensors[slot.before]
        if value.type_name != "INT8":
            raise ModelError(f"{where}: the variable {held.name!r} is {value.type_name.lower()}, not int8")
        if value.shape != held.shape:
            raise ModelError(f"{where}: {value.shape}, but the variable {held.name!r} is {held.shape}")

    def _state(self, key: _Key, slot: _Slot) -> State:
        held = self._tensors[slot.before]
        elements = int(np.prod(held.shape))
        if key not in self._initial:
            values = np.full(elements, held.zero_point[0] if held.zero_point else 0, np.int8)
        else:
            values = np.frombuffer(self._initial[key].tobytes(), np.int8)
        if values.size != elements:
            raise ModelError(f"the variable {held.name!r} of {elements} bytes starts with {values.size}")
        return State(slot.before, slot.current, values.reshape(held.shape), held.name)


_NOTHING: npt.NDArray[np.uint8] = np.frombuffer(b"", np.uint8)


def _is_bookkeeping(op: RawOp) -> bool:
    return op.kind in ("VAR_HANDLE", "CALL_ONCE")


def _name(key: _Key) -> str:
    return printable_text(b"/".join(part for part in key if part))


def _handles(model: RawModel) -> Mapping[int, _Key]:
    """Tensor -> the variable that it is the handle of."""
    found: dict[int, _Key] = {}
    for op in model.ops:
        if isinstance(op.attrs, VarHandle):
            key = (op.attrs.container or b"", op.attrs.shared_name or b"")
            found.update(dict.fromkeys(op.outputs, key))
    return found


def _initial_values(model: RawModel) -> Iterator[tuple[_Key, npt.NDArray[np.uint8]]]:
    """What the subgraphs that run once assign to variables."""
    kinds = [op.kind for op in model.ops]
    used = [i for i, kind in enumerate(kinds) if kind in ("READ_VARIABLE", "ASSIGN_VARIABLE")]
    for i, op in enumerate(model.ops):
        if isinstance(op.attrs, CallOnce):
            if used and used[0] < i:
                raise ModelError(
                    f"op #{i} CALL_ONCE sets variables that op #{used[0]} has used", remedy=_CONSTANTS_ONLY
                )
            yield from _assigned(model.called_once[op.attrs.init_subgraph], op.attrs.init_subgraph)


def _assigned(initial: RawModel, number: int) -> Iterator[tuple[_Key, npt.NDArray[np.uint8]]]:
    keys = _handles(initial)
    for op in initial.ops:
        if op.kind == "VAR_HANDLE":
            continue
        tensors = len(initial.tensors)
        is_constant = (
            op.kind == "ASSIGN_VARIABLE"
            and len(op.inputs) == 2
            and op.inputs[0] in keys
            and 0 <= op.inputs[1] < tensors
            and initial.tensors[op.inputs[1]].data.size
        )
        if not is_constant:
            raise ModelError(
                f"subgraph {number}, which sets variables, computes with {op.kind}", remedy=_CONSTANTS_ONLY
            )
        yield keys[op.inputs[0]], initial.tensors[op.inputs[1]].data
