"""Log-mel spectrogram and MFCC of 16-bit audio in NumPy: front ends of keyword spotting, versions 1 and 2.

Frames are cut without centring or padding, multiplied by a periodic Hann window and transformed with a
zero-padded real FFT. The power spectrum goes through triangular filters that are equally wide on the mel
scale: HTK's (O'Shaughnessy 1987: mel = 2595 log10(1 + f/700)) or Slaney's. The logarithm of each band's
energy is clipped to ``low``..``high``. A log-mel spectrogram scales it to 0..1, MFCC transforms it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Floats
from micronas.model.front_end.log_mel import LogMel, hann, mel_filters
from micronas.model.front_end.mfcc import Mfcc


def log_mel(clips: npt.NDArray[np.int16], spec: LogMel) -> Floats:
    """``clips`` int16 (N, samples) -> float32 (N, frames, bands, 1) in 0..1."""
    scaled = (_logarithms(clips, spec) - spec.low) / (spec.high - spec.low)
    return scaled[..., np.newaxis].astype(np.float32)


def mfcc(clips: npt.NDArray[np.int16], spec: Mfcc) -> Floats:
    """``clips`` int16 (N, samples) -> float32 (N, frames, coefficients, 1)."""
    return (_logarithms(clips, spec.mel) @ spec.matrix.astype(np.float32).T)[..., np.newaxis]


def _logarithms(clips: npt.NDArray[np.int16], spec: LogMel) -> Floats:
    """Clipped natural logarithms of the energies of the bands, float32 (N, frames, bands)."""
    frames = 1 + (clips.shape[1] - spec.window) // spec.hop
    window = hann(spec).astype(np.float32)
    filters = mel_filters(spec).astype(np.float32)
    out = np.empty((len(clips), frames, spec.bands), np.float32)
    for frame in range(frames):
        piece = clips[:, frame * spec.hop : frame * spec.hop + spec.window] / np.float32(32768)
        power = np.abs(np.fft.rfft(piece * window, spec.fft)) ** 2
        with np.errstate(divide="ignore"):  # without a floor, silence is clipped to the lower limit
            out[:, frame] = np.log(power.astype(np.float32) @ filters + spec.floor)
    return np.clip(out, spec.low, spec.high)
