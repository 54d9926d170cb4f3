"""The device's replies as typed data. PROTOCOL.md defines the layouts; integers are little-endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

from micronas.errors import ProtocolError

_HELLO = struct.Struct("<16s I BBBB IIIIII I HHH BB")
_HELLO_NUMBERS = (
    "arena_bytes",
    "static_bytes",
    "stack_bytes",
    "constant_bytes",
    "stack_high_water_bytes",
    "garbled_frames",
    "n_ops",
    "n_inputs",
    "n_outputs",
    "max_payload",
)
_TENSOR = struct.Struct("<IIi")
_FAULT = struct.Struct("<B8I")
_ERROR = struct.Struct("<BBI")


class Counter(Enum):
    """The unit of a count; an emulator's instructions are never labelled as cycles."""

    NONE = 0
    CYCLES = 1
    INSTRUCTIONS = 2


class CountedBy(Enum):
    """The counter that a firmware reads; UNKNOWN for old firmware that does not report it."""

    UNKNOWN = 0
    NONE = 1
    DWT = 2
    TIM2 = 3
    SYSTICK = 4
    FPGAIO = 5

    def __str__(self) -> str:
        """Its name in messages."""
        return _COUNTER_TITLES[self]


_COUNTER_TITLES = {
    CountedBy.UNKNOWN: "unknown",
    CountedBy.NONE: "none",
    CountedBy.DWT: "DWT CYCCNT",
    CountedBy.TIM2: "TIM2",
    CountedBy.SYSTICK: "SysTick",
    CountedBy.FPGAIO: "FPGAIO COUNTER",
}


class ClockSource(Enum):
    """Where the core clock comes from."""

    HSI = 0
    HSE_BYPASS = 1
    HSE_CRYSTAL = 2


@dataclass(frozen=True)
class Info:
    """The firmware's description of itself. ``clock_fallback``: the profile's clock did not start."""

    build_id: bytes
    clock_hz: int
    clock_source: ClockSource
    clock_fallback: bool
    counter: Counter
    counted_by: CountedBy
    arena_bytes: int
    static_bytes: int
    stack_bytes: int
    constant_bytes: int
    stack_high_water_bytes: int
    garbled_frames: int
    n_ops: int
    n_inputs: int
    n_outputs: int
    max_payload: int
    board: str
    core: str

    @property
    def sram_bytes(self) -> int:
        """All RAM that the firmware uses."""
        return self.arena_bytes + self.static_bytes + self.stack_bytes


@dataclass(frozen=True)
class TensorInfo:
    """Size and quantization of an input or output."""

    nbytes: int
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Fault:
    """A fault report: exception number and registers, 0 if they could not be read."""

    exception: int
    pc: int
    lr: int
    psr: int
    sp: int
    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int


@dataclass(frozen=True)
class Refusal:
    """An error reply: code, the request's type, and a detail whose meaning depends on the code."""

    code: int
    request: int
    detail: int


def parse_info(payload: bytes) -> Info:
    """The HELLO reply; raises ``ProtocolError`` if it is malformed."""
    _check_length(_HELLO, payload, "HELLO")
    build_id, *numbers, board_length, core_length = _HELLO.unpack_from(payload)
    clock_hz, source, fallback, counter, counted_by = numbers[:5]
    names = payload[_HELLO.size :]
    if len(names) != board_length + core_length:
        raise ProtocolError(
            f"HELLO reply: {len(names)} bytes of names, {board_length} + {core_length} announced"
        )
    try:
        return Info(
            build_id=build_id,
            clock_hz=clock_hz,
            clock_source=ClockSource(source),
            clock_fallback=bool(fallback),
            counter=Counter(counter),
            counted_by=CountedBy(counted_by),
            **dict(zip(_HELLO_NUMBERS, numbers[5:], strict=True)),
            board=names[:board_length].decode("ascii"),
            core=names[board_length:].decode("ascii"),
        )
    except ValueError as error:
        raise ProtocolError(f"HELLO reply: {error}") from error


def parse_tensor(payload: bytes) -> TensorInfo:
    """The TENSOR reply; the scale is sent as the bits of an IEEE 754 single."""
    nbytes, scale_bits, zero_point = _unpack(_TENSOR, payload, "TENSOR")
    (scale,) = struct.unpack("<f", struct.pack("<I", scale_bits))
    return TensorInfo(nbytes, scale, zero_point)


def parse_run(payload: bytes) -> tuple[bool, tuple[int, ...]]:
    """The RUN reply: whether the inputs are intact, and the counts of each run."""
    if len(payload) < 9 or len(payload) % 8 != 1:
        raise ProtocolError(f"RUN reply: {len(payload)} bytes are not a list of counts")
    return payload[0] == 1, struct.unpack(f"<{len(payload) // 8}Q", payload[1:])


def parse_profile(payload: bytes) -> tuple[int, int, tuple[int, ...]]:
    """The PROFILE reply: number of ops, first op of this part, counts per op."""
    if len(payload) < 12 or len(payload) % 4:
        raise ProtocolError(f"PROFILE reply: {len(payload)} bytes are not a list of counts")
    n_ops, first, *counts = struct.unpack(f"<{len(payload) // 4}I", payload)
    return n_ops, first, tuple(counts)


def parse_fault(payload: bytes) -> Fault:
    """A FAULT message."""
    return Fault(*_unpack(_FAULT, payload, "FAULT"))


def parse_error(payload: bytes) -> Refusal:
    """An ERROR reply."""
    return Refusal(*_unpack(_ERROR, payload, "ERROR"))


def _unpack(layout: struct.Struct, payload: bytes, what: str) -> tuple[int, ...]:
    _check_length(layout, payload, what)
    return layout.unpack_from(payload)


def _check_length(layout: struct.Struct, payload: bytes, what: str) -> None:
    if len(payload) < layout.size:
        raise ProtocolError(f"{what} message: {len(payload)} bytes, {layout.size} needed")
