"""Log-mel spectrogram of 16-bit audio, in NumPy: the front end of keyword spotting, version 1.

Frames are cut without centring or padding, multiplied by a periodic Hann window and transformed with a
zero-padded real FFT. The power spectrum goes through triangular filters that are equally wide on the HTK
mel scale (O'Shaughnessy 1987: mel = 2595 log10(1 + f/700)); the logarithm of each band's energy is
clipped to ``low``..``high`` and scaled to 0..1.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Floats, FrontEnd


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
        return FrontEnd("logmel", 1, asdict(self))


def log_mel(clips: npt.NDArray[np.int16], spec: LogMel) -> Floats:
    """``clips`` int16 (N, samples) -> float32 (N, frames, bands, 1) in 0..1."""
    frames = 1 + (clips.shape[1] - spec.window) // spec.hop
    window = np.hanning(spec.window + 1)[:-1].astype(np.float32)
    filters = mel_filters(spec).astype(np.float32)
    out = np.empty((len(clips), frames, spec.bands), np.float32)
    for frame in range(frames):
        piece = clips[:, frame * spec.hop : frame * spec.hop + spec.window] / np.float32(32768)
        power = np.abs(np.fft.rfft(piece * window, spec.fft)) ** 2
        out[:, frame] = np.log(power.astype(np.float32) @ filters + spec.floor)
    scaled = (np.clip(out, spec.low, spec.high) - spec.low) / (spec.high - spec.low)
    return scaled[..., np.newaxis].astype(np.float32)


def mel_filters(spec: LogMel) -> npt.NDArray[np.float64]:
    """Triangular filters (fft // 2 + 1, bands) with peak 1."""
    edges = np.linspace(_mel(spec.low_hz), _mel(spec.high_hz), spec.bands + 2)
    hz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.fft.rfftfreq(spec.fft, 1 / spec.rate_hz)[:, None]
    rising = (bins - hz[:-2]) / (hz[1:-1] - hz[:-2])
    falling = (hz[2:] - bins) / (hz[2:] - hz[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))
