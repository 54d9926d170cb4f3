"""A log-mel front end as constants of ``mn_log_mel`` (``firmware/lib/mn_front_end/mn_log_mel.h``)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.front_end.log_mel import LogMel, band_gains, hann, mel_edges_hz
from micronas.model.front_end.mfcc import Mfcc
from micronas.model.graph import Quant

LEAST_POINTS, MOST_POINTS = 8, 8192
MOST_SHIFT = 14
LARGEST_FLOOR_BITS = 62
MOST_DCT_BITS = 30
"""Of the largest entry of ``dct``: products with levels of 22 bits, summed over 256 bands, fit 64 bits."""
LEAST_LEVEL = 4 << 16
"""log2 of the least energy, 16 fraction bits, where no floor is added to it."""
MOST_STEPS = 2047.0
"""Input steps per octave of energy that ``steps`` can hold."""


@dataclass(frozen=True, eq=False)
class MfccTables:
    """Every field of ``mn_mfcc``; ``dct`` int32 (coefficients, bands)."""

    dct: npt.NDArray[np.int32]
    offset: int
    shift: int


@dataclass(frozen=True, eq=False)
class LogMelTables:
    """Every field of the C struct; see its header. Tables are int32, uint16 and uint32.

    ``gains`` are None for filters with peak 1.
    """

    spec: LogMel
    frames: int
    cosines: npt.NDArray[np.int32]
    half_hann: npt.NDArray[np.int32]
    edges: npt.NDArray[np.uint16]
    rising: npt.NDArray[np.uint32]
    floor: int
    least_log2: int
    log2_span: int
    steps: int
    zero_point: int
    most_shift: int
    gains: npt.NDArray[np.uint32] | None = None
    mfcc: MfccTables | None = None

    @property
    def values(self) -> int:
        """Of a frame: bands, or coefficients."""
        return self.spec.bands if self.mfcc is None else len(self.mfcc.dct)

    @property
    def constant_bytes(self) -> int:
        """The tables and the struct, on a 32-bit target."""
        tables = (self.cosines, self.half_hann, self.edges, self.rising)
        more = 0 if self.mfcc is None else self.mfcc.dct.nbytes + MFCC_STRUCT_BYTES
        gain_bytes = 0 if self.gains is None else self.gains.nbytes
        return sum(table.nbytes for table in tables) + STRUCT_BYTES + gain_bytes + more

    @property
    def sample_bytes(self) -> int:
        """One window of 16-bit samples."""
        return 2 * self.spec.window

    @property
    def feature_bytes(self) -> int:
        """The frames of one input."""
        return self.frames * self.values

    @property
    def scratch_bytes(self) -> int:
        """Of the transform and the levels of the bands; free between frames."""
        return 4 * (self.spec.fft + self.spec.bands)


STRUCT_BYTES, MFCC_STRUCT_BYTES = 72, 16
"""``sizeof(mn_log_mel)`` and ``sizeof(mn_mfcc)`` on a 32-bit target."""


def log_mel_tables(spec: LogMel, frames: int, quant: Quant) -> LogMelTables:
    """The constants for inputs of ``frames`` with the scale and zero point of ``quant``.

    Raises ``ModelError`` for a transform of a size that the C does not have.
    """
    if not LEAST_POINTS <= spec.fft <= MOST_POINTS or spec.fft & (spec.fft - 1):
        raise ModelError(
            f"the front end transforms {spec.fft} points; its C code takes powers of two from "
            f"{LEAST_POINTS} to {MOST_POINTS}",
            remedy="change data.options.window_ms",
        )
    scale = 2.0**60 / spec.fft**2
    floor = round(spec.floor * scale)
    steps = math.log(2) / ((spec.high - spec.low) * quant.scale[0])
    if not steps <= MOST_STEPS:
        raise ModelError(
            f"an input of scale {quant.scale[0]:g} is too small for the C code of the front end",
            remedy="train the network on the features of this front end, whose values are 0 to 1",
        )
    least_log2 = round(65536 * (spec.low / math.log(2) + math.log2(scale)))
    if floor == 0 and least_log2 < LEAST_LEVEL:
        raise ModelError(
            f"the C code of the front end has no logarithms of powers below {math.exp(spec.low):g}",
            remedy=f"raise data.options.amin to {2.0 ** (LEAST_LEVEL / 65536) / scale:.2g} or more",
        )
    first, edges, rising = _filters(spec)
    return LogMelTables(
        spec=spec,
        frames=frames,
        cosines=_q31(np.cos(2 * np.pi * np.arange(spec.fft // 4 + 1) / spec.fft)),
        half_hann=_q31(hann(spec)[: spec.window // 2 + 1]),
        edges=(first + edges).astype(np.uint16),
        rising=rising,
        floor=floor,
        least_log2=least_log2,
        log2_span=round(65536 * (spec.high - spec.low) / math.log(2)),
        steps=round(2**20 * steps),
        zero_point=quant.zero_point[0],
        most_shift=min(MOST_SHIFT, (LARGEST_FLOOR_BITS - floor.bit_length()) // 2),
        gains=_gains(spec),
    )


def mfcc_tables(spec: Mfcc, frames: int, quant: Quant) -> LogMelTables:
    """The same for cepstral coefficients."""
    coarse = Quant((1 / 255,), quant.zero_point)  # the levels of the bands are not quantized
    real = spec.matrix / quant.scale[0]
    per_level = real * (math.log(2) / 65536)
    shift = MOST_DCT_BITS - math.ceil(math.log2(np.abs(per_level).max()))
    tables = MfccTables(
        dct=np.asarray(np.round(per_level * 2.0**shift), np.int32),
        offset=round(spec.mel.low * float(real[0].sum()) * 2.0**shift),
        shift=shift,
    )
    return replace(log_mel_tables(spec.mel, frames, coarse), steps=0, mfcc=tables)


def _filters(spec: LogMel) -> tuple[int, npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """The first bin, the borders of the filters in bins after it, and each bin's rise between borders."""
    hz = mel_edges_hz(spec)
    bins = np.fft.rfftfreq(spec.fft, 1 / spec.rate_hz)
    edges = np.searchsorted(bins, hz, side="left")
    inside = np.arange(edges[0], edges[-1])
    band = np.searchsorted(edges, inside, side="right") - 1
    rising = (bins[inside] - hz[band]) / (hz[band + 1] - hz[band])
    return int(edges[0]), edges - edges[0], np.minimum(np.round(rising * 2**32), 2**32 - 1).astype(np.uint32)


def _gains(spec: LogMel) -> npt.NDArray[np.uint32] | None:
    if spec.mel_norm == "none":
        return None
    return np.asarray(np.minimum(np.round(band_gains(spec) * 2**32), 2**32 - 1), np.uint32)


def _q31(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    return np.asarray(np.clip(np.round(values * 2**31), -(2**31), 2**31 - 1), np.int32)
