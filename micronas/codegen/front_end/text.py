"""The constants of a front end as C text."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.codegen.front_end.image import ImageTables
from micronas.codegen.front_end.log_mel import LogMelTables, MfccTables
from micronas.codegen.front_end.micro import MicroTables
from micronas.codegen.front_end.stream import StreamTables
from micronas.codegen.literals import float_literal, rows

Tables: TypeAlias = LogMelTables | MicroTables | StreamTables | ImageTables

_AUDIO_NAMES = ("cosines", "half_hann", "weights", "edges", "rising", "falling", "dct", "mfcc")
CONSTANT_NAMES = frozenset((*_AUDIO_NAMES, "gains", "offsets", "front_end"))
"""Symbols of the constants in an image."""


def header_of(tables: Tables) -> str:
    """The header that declares what the constants refer to."""
    if isinstance(tables, ImageTables):
        return "mn_image.h"
    if isinstance(tables, MicroTables):
        return "mn_micro.h"
    if isinstance(tables, LogMelTables):
        return "mn_log_mel.h" if tables.mfcc is None else "mn_mfcc.h"
    return "mn_stream.h"


def constants_text(tables: Tables) -> str:
    """``static const`` tables and the struct ``front_end`` that names them."""
    if isinstance(tables, ImageTables):
        return _image(tables)
    if isinstance(tables, MicroTables):
        return _micro(tables)
    return _log_mel(tables) if isinstance(tables, LogMelTables) else _stream(tables)


def _log_mel(tables: LogMelTables) -> str:
    spec = tables.spec
    fields = (
        f".fft = {{.points = {spec.fft}, .cosines = cosines}}",
        _frames(tables),
        f".bands = {spec.bands}",
        f".finish = {'mn_log_mel_finish' if tables.mfcc is None else 'mn_mfcc_finish'}",
        f".mfcc = {'0' if tables.mfcc is None else '&mfcc'}",
        ".half_hann = half_hann",
        ".edges = edges",
        ".rising = rising",
        f".floor = {tables.floor}u",
        f".least_log2 = {tables.least_log2}",
        f".log2_span = {tables.log2_span}",
        f".steps = {tables.steps}",
        f".zero_point = {tables.zero_point}",
        f".most_shift = {tables.most_shift}",
        f".gains = {'0' if tables.gains is None else 'gains'}",
    )
    return "\n".join(
        (
            _array("int32_t", "cosines", tables.cosines),
            _array("int32_t", "half_hann", tables.half_hann),
            _array("uint16_t", "edges", tables.edges),
            _array("uint32_t", "rising", tables.rising),
            *(() if tables.gains is None else (_array("uint32_t", "gains", tables.gains),)),
            *(() if tables.mfcc is None else (_mfcc(tables.mfcc),)),
            _struct("mn_log_mel", fields),
        )
    )


def _mfcc(tables: MfccTables) -> str:
    fields = (f".offset = {tables.offset}", ".dct = dct", f".shift = {tables.shift}")
    struct = _struct("mn_mfcc", fields).replace(" front_end = ", " mfcc = ")
    return _array("int32_t", "dct", tables.dct.reshape(-1)) + struct


def _micro(tables: MicroTables) -> str:
    spec, gains = tables.spec, tables.gains
    even, odd, least_left = spec.shares
    fields = (
        _frames(tables),
        f".points = {spec.fft}",
        f".bands = {spec.bands}",
        ".weights = weights",
        ".cosines = cosines",
        ".edges = edges",
        ".falling = falling",
        f".gains = {'0' if gains is None else 'gains'}",
        f".even = {even}",
        f".odd = {odd}",
        f".least_left = {least_left}",
        f".level_bits = {spec.level_bits}",
        f".steps = {tables.steps}u",
        f".zero_point = {tables.zero_point}",
    )
    return "\n".join(
        (
            _array("int16_t", "weights", tables.weights),
            _array("int16_t", "cosines", tables.cosines),
            _array("uint16_t", "edges", tables.edges),
            _array("uint16_t", "falling", tables.falling),
            *(() if gains is None else (_array("int16_t", "gains", gains.reshape(-1)),)),
            _struct("mn_micro", fields),
        )
    )


def _frames(tables: LogMelTables | MicroTables) -> str:
    spec = tables.spec
    return (
        f".frames = {{.window = {spec.window}, .hop = {spec.hop}, .frames = {tables.frames}, "
        f".values = {tables.values}}}"
    )


def _stream(tables: StreamTables) -> str:
    fields = (
        f".channels = {tables.channels}",
        f".window = {tables.window}",
        ".gains = gains",
        ".offsets = offsets",
    )
    return "\n".join(
        (_floats("gains", tables.gains), _floats("offsets", tables.offsets), _struct("mn_stream", fields))
    )


def _image(tables: ImageTables) -> str:
    values = {name: getattr(tables, name) for name in ("width", "height", "channels", "gain", "zero_point")}
    return _struct("mn_image", tuple(f".{name} = {value}" for name, value in values.items()))


def _array(ctype: str, name: str, values: npt.NDArray[np.generic]) -> str:
    text = rows(values) if not ctype.startswith("u") else rows(values).replace(",", "u,")
    return f"static const {ctype} {name}[{values.size}] = {{\n{text}\n}};\n"


def _floats(name: str, values: npt.NDArray[np.float32]) -> str:
    literals = ", ".join(float_literal(float(value)) for value in values)
    return f"static const float {name}[{values.size}] = {{{literals}}};\n"


def _struct(ctype: str, fields: tuple[str, ...]) -> str:
    return f"static const {ctype} front_end = {{\n" + "".join(f"    {field},\n" for field in fields) + "};\n"
