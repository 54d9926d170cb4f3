"""The parameters of a log-mel spectrogram, and the tables that follow from them.

Training (``micronas/data/front_end/logmel.py``) and the generated C (``micronas/codegen/front_end/``)
both take their tables from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
import numpy.typing as npt

from micronas.model.front_end.definition import FrontEnd, Parameter

NAME, VERSION, SCALED_VERSION = "logmel", 1, 2
"""Version 2 has the parameters ``SCALED``; version 1 is the same with their defaults."""
SCALED = ("mel_scale", "mel_norm", "log")
WHOLE = ("rate_hz", "window", "hop", "fft", "bands")
DB_PER_NATURAL = 10 / math.log(10)


@dataclass(frozen=True)
class LogMel:
    """Parameters of the front end.

    Times are in samples, frequencies in Hz, ``low``/``high`` are natural logarithms. ``mel_scale`` is htk or
    slaney, ``mel_norm`` none or slaney (the filters' areas are equal), as in librosa. ``log`` is natural or
    db; a log-mel spectrogram is scaled to 0..1 in either, and cepstral coefficients are in that unit.
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
    mel_scale: str = "htk"
    mel_norm: str = "none"
    log: str = "natural"

    @property
    def front_end(self) -> FrontEnd:
        """The description that is deployed with the model."""
        parameters = asdict(self)
        if self.scaled:
            return FrontEnd(NAME, SCALED_VERSION, parameters)
        return FrontEnd(NAME, VERSION, {key: v for key, v in parameters.items() if key not in SCALED})

    @property
    def scaled(self) -> bool:
        """Whether any of ``SCALED`` is not at its default."""
        return (self.mel_scale, self.mel_norm, self.log) != ("htk", "none", "natural")

    @property
    def unit(self) -> float:
        """Of a logarithm in cepstral coefficients, per natural logarithm."""
        return DB_PER_NATURAL if self.log == "db" else 1.0


def log_mel_of(parameters: Mapping[str, Parameter]) -> LogMel:
    """The inverse of ``LogMel.front_end``; raises ``KeyError`` or ``ValueError`` for other parameters."""
    names = [field.name for field in fields(LogMel) if field.name not in SCALED]
    values = {name: float(str(parameters[name])) for name in names}
    scales = {name: str(parameters[name]) for name in SCALED if name in parameters}
    return LogMel(**{name: int(v) if name in WHOLE else v for name, v in values.items()}, **scales)  # type: ignore[arg-type]


def hann(spec: LogMel) -> npt.NDArray[np.float64]:
    """The periodic Hann window (window,)."""
    return np.hanning(spec.window + 1)[:-1]


def mel_edges_hz(spec: LogMel) -> npt.NDArray[np.float64]:
    """Borders of the triangular filters in Hz, (bands + 2,): equally far apart on the mel scale."""
    to_mel, to_hz = (_slaney, _slaney_hz) if spec.mel_scale == "slaney" else (_htk, _htk_hz)
    return to_hz(np.linspace(to_mel(spec.low_hz), to_mel(spec.high_hz), spec.bands + 2))


def mel_filters(spec: LogMel) -> npt.NDArray[np.float64]:
    """Triangular filters (fft // 2 + 1, bands) with peak 1, or with the area of ``mel_norm``."""
    hz = mel_edges_hz(spec)
    bins = np.fft.rfftfreq(spec.fft, 1 / spec.rate_hz)[:, None]
    rising = (bins - hz[:-2]) / (hz[1:-1] - hz[:-2])
    falling = (hz[2:] - bins) / (hz[2:] - hz[1:-1])
    return np.maximum(0, np.minimum(rising, falling)) * band_gains(spec)


def band_gains(spec: LogMel) -> npt.NDArray[np.float64]:
    """The peaks of the filters, (bands,): 1, or what makes their areas over Hz equal to 1."""
    hz = mel_edges_hz(spec)
    return 2 / (hz[2:] - hz[:-2]) if spec.mel_norm == "slaney" else np.ones(spec.bands)


def _htk(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


def _htk_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(700 * (10 ** (mel / 2595) - 1), np.float64)


def _slaney(hz: float) -> float:
    """Of the Auditory Toolbox (Slaney 1998): 3 mel per 200 Hz up to 1 kHz, then 27 mel per factor of 6.4."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def _slaney_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))
