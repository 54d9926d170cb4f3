"""The parameters of the "micro" front end, and the integer tables that follow from them.

The audio front end of TensorFlow Lite Micro, which microWakeWord and micro_speech use: a 16-bit spectrum,
mel bands, reduction of steady noise, automatic gain per channel (PCAN, after Wang et al. 2017) and a
logarithm, all in whole numbers. Training (``micronas/data/front_end/micro_features.py``) and the generated C
take their tables from here, so that both give the bits of the original.

The tables are computed in the precision of the original (float32 where it has float), because a table that is
rounded otherwise gives other features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
import numpy.typing as npt

from micronas.model.front_end.definition import FrontEnd, Parameter
from micronas.model.front_end.log1p_single import log1p_single

NAME, VERSION = "micro", 1

WEIGHT_BITS = 12
"""Fraction bits of the window and of the filters."""
SHARE_BITS = 14
"""Fraction bits of the shares in the noise reduction."""
NOISE_BITS = 10
"""Fraction bits of the noise estimates."""
GAIN_BITS, RATIO_BITS = 21, 12
"""Fraction bits of the gain, and of the ratio of signal to noise that it gives."""
LARGEST_GAIN = 2**15 - 1
LOG_SEGMENTS = 128
FEATURE_SCALE = 0.0390625
"""Of one unit of the 16-bit features: 1 / 25.6, as microWakeWord and micro_speech scale them."""
LEAST_POINTS, MOST_POINTS = 64, 4096

Int16s = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Micro:
    """Parameters of the front end: times in samples, frequencies in Hz, the rest as shares.

    ``noise_even`` and ``noise_odd`` are the shares of a new frame in the noise estimate of bands 0, 2, 4...
    and 1, 3, 5...; at least ``least_left`` of a band stays when the noise is subtracted. ``pcan`` is 1 for
    automatic gain (estimate + ``pcan_offset``) ^ -``pcan_strength``, 0 without. With ``settle`` 1, a clip
    of the training data is heard twice, and its features are those of the second time: the noise estimate
    has settled by then, as on a device that listens all the time.
    """

    rate_hz: int
    window: int
    hop: int
    bands: int
    low_hz: float
    high_hz: float
    pcan: int = 1
    noise_even: float = 0.025
    noise_odd: float = 0.06
    least_left: float = 0.05
    pcan_strength: float = 0.95
    pcan_offset: float = 80.0
    settle: int = 0

    @property
    def front_end(self) -> FrontEnd:
        """The description that is deployed with the model."""
        return FrontEnd(NAME, VERSION, asdict(self))

    @property
    def fft(self) -> int:
        """Points of the transform: the power of two that holds a window."""
        return 1 << (self.window - 1).bit_length()

    @property
    def level_bits(self) -> int:
        """Bits by which the levels of the bands are below those of the samples."""
        return self.fft.bit_length() - 1 - WEIGHT_BITS // 2

    @property
    def shares(self) -> tuple[int, int, int]:
        """``noise_even``, ``noise_odd`` and ``least_left`` as whole numbers, rounded down."""
        even, odd, left = (
            int(np.float32(share) * np.float32(1 << SHARE_BITS))
            for share in (self.noise_even, self.noise_odd, self.least_left)
        )
        return even, odd, left


def micro_of(parameters: Mapping[str, Parameter]) -> Micro:
    """The inverse of ``Micro.front_end``; raises ``KeyError`` or ``ValueError`` for other parameters."""
    values = {field.name: float(str(parameters[field.name])) for field in fields(Micro)}
    whole = ("rate_hz", "window", "hop", "bands", "pcan", "settle")
    return Micro(**{name: int(v) if name in whole else v for name, v in values.items()})  # type: ignore[arg-type]


def window_weights(spec: Micro) -> Int16s:
    """The Hann window (window,), sampled between the samples: 12 fraction bits, at most 4096."""
    step = np.float32(np.pi) * np.float32(2) / np.float32(spec.window)
    turns = step * (np.arange(spec.window).astype(np.float32) + np.float32(0.5))
    waves = np.cos(turns.astype(np.float64)).astype(np.float32)
    return _rounded(np.float32(0.5) - np.float32(0.5) * waves).astype(np.int16)


def quarter_wave(points: int) -> Int16s:
    """cos(2 pi k / points) x 32767, rounded, for k = 0 .. points / 4."""
    waves = np.cos(2 * np.pi * np.arange(points // 4 + 1) / points)
    return np.asarray(np.floor(0.5 + 32767 * waves), np.int16)


@dataclass(frozen=True, eq=False)
class MicroFilters:
    """Triangular filters: between two ``edges`` one band falls from 1 to 0 while the next one rises.

    ``edges`` int64 (bands + 2,) are bins of the spectrum. ``falling`` and ``rising`` int64, one per bin from
    the first edge to before the last: 12 fraction bits. Their sum is 4096, or 4097 where both were halves.
    """

    edges: npt.NDArray[np.int64]
    falling: npt.NDArray[np.int64]
    rising: npt.NDArray[np.int64]


def filters(spec: Micro) -> MicroFilters:
    """The filters of ``spec``: equally wide on the mel scale 1127 ln(1 + f / 700).

    Raises ``ValueError`` if ``high_hz`` is so high that the last filter needs more bins than there are.
    """
    bin_hz = np.float32(0.5 * spec.rate_hz) / np.float32(spec.fft // 2)
    mels = _mels(np.arange(spec.fft // 2 + 1).astype(np.float32) * bin_hz)
    low, high = _mels(np.array([spec.low_hz, spec.high_hz], np.float32))
    spacing = np.float32(high - low) / np.float32(spec.bands + 1)
    centres = low + spacing * np.arange(1, spec.bands + 2).astype(np.float32)
    first = int(np.float32(1.5) + np.float32(spec.low_hz) / bin_hz)
    edges = np.maximum(np.searchsorted(mels, centres, side="right"), first)
    if edges[-1] > spec.fft // 2:
        raise ValueError(f"high_hz {spec.high_hz:g} leaves no bin above the last filter")
    inside = np.arange(first, edges[-1])
    band = np.searchsorted(edges, inside, side="right")
    below = np.concatenate([[low], centres[:-1]])
    share = (centres[band] - mels[inside]) / (centres[band] - below[band])
    return MicroFilters(
        edges=np.concatenate([[first], edges]).astype(np.int64),
        falling=_rounded(share),
        rising=_rounded(np.float32(1) - share),
    )


def gain_table(spec: Micro) -> Int16s:
    """The gain for noise estimates as parabolas, int16 (32, 3).

    Row k is for estimates from 2^k to 2^(k + 1): the gain at 2^k, and the factors of t and t^2 for t from 0
    to 1. Row 0 holds the gains of the estimates 0 and 1.
    """
    ends = 2.0 ** np.arange(33)
    ends[32] -= 1
    gains = _gains(spec, np.stack([ends[1:32], 1.5 * ends[1:32], ends[2:]])).astype(np.int64)
    half, whole = gains[1] - gains[0], gains[2] - gains[0]
    slope = 4 * half - whole
    rows = np.stack([gains[0], slope, whole - slope], axis=1)
    first = [*_gains(spec, np.array([0.0, 1.0])), 0]
    return np.asarray(np.concatenate([[first], rows]), np.int16)


def log_table() -> npt.NDArray[np.uint16]:
    """log2(1 + i / 128) - i / 128 with 16 fraction bits, for i = 0 .. 128."""
    at = np.arange(LOG_SEGMENTS + 1) / LOG_SEGMENTS
    return np.asarray(np.floor(65536 * (np.log2(1 + at) - at) + 0.5), np.uint16)


def _gains(spec: Micro, estimates: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    levels = estimates.astype(np.float32) / np.float32(1 << (NOISE_BITS - spec.level_bits))
    base = (levels + np.float32(spec.pcan_offset)).astype(np.float64)
    powers = (base ** -float(np.float32(spec.pcan_strength))).astype(np.float32)
    gains = np.float32(1 << GAIN_BITS) * powers
    rounded = (gains + np.float32(0.5)).astype(np.int64)
    return np.asarray(np.where(gains > LARGEST_GAIN, LARGEST_GAIN, rounded), np.int64)


def _mels(hz: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(np.float32(1127) * log1p_single(hz / np.float32(700)), np.float32)


def _rounded(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Whole numbers with ``WEIGHT_BITS`` fraction bits."""
    return np.asarray(np.floor(weights * np.float32(1 << WEIGHT_BITS) + np.float32(0.5)), np.int64)
