"""The parameters of a log-mel spectrogram, and the tables that follow from them.

Training (``micronas/data/logmel.py``) and the generated C (``micronas/codegen/front_end/``) both take their
tables from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
import numpy.typing as npt

from micronas.model.front_end.definition import FrontEnd, Parameter

NAME, VERSION = "logmel", 1


@dataclass(frozen=True)
class LogMel:
    """Parameters of the front end.

    Times are in samples, frequencies in Hz, ``low``/``high`` are natural logarithms.
    """

    rate_hz: int
    window: int
    hop: int
    fft: int
    bands: int
    low_hz: float
    high_hz: float
    floor: float = 1e-6
    low: float = -13.82
    high: float = 8.0

    @property
    def front_end(self) -> FrontEnd:
        """The description that is deployed with the model."""
        return FrontEnd(NAME, VERSION, asdict(self))


def log_mel_of(parameters: Mapping[str, Parameter]) -> LogMel:
    """The inverse of ``LogMel.front_end``; raises ``KeyError`` or ``ValueError`` for other parameters."""
    values = {field.name: float(str(parameters[field.name])) for field in fields(LogMel)}
    whole = ("rate_hz", "window", "hop", "fft", "bands")
    return LogMel(**{name: int(v) if name in whole else v for name, v in values.items()})  # type: ignore[arg-type]


def hann(spec: LogMel) -> npt.NDArray[np.float64]:
    """The periodic Hann window (window,)."""
    return np.hanning(spec.window + 1)[:-1]


def mel_edges_hz(spec: LogMel) -> npt.NDArray[np.float64]:
    """Borders of the triangular filters in Hz, (bands + 2,): equally far apart on the HTK mel scale."""
    edges = np.linspace(_mel(spec.low_hz), _mel(spec.high_hz), spec.bands + 2)
    return np.asarray(700 * (10 ** (edges / 2595) - 1), np.float64)


def mel_filters(spec: LogMel) -> npt.NDArray[np.float64]:
    """Triangular filters (fft // 2 + 1, bands) with peak 1."""
    hz = mel_edges_hz(spec)
    bins = np.fft.rfftfreq(spec.fft, 1 / spec.rate_hz)[:, None]
    rising = (bins - hz[:-2]) / (hz[1:-1] - hz[:-2])
    falling = (hz[2:] - bins) / (hz[2:] - hz[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))
