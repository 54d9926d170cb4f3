"""Clips of audio to spectrograms, by the options that every source of audio has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Floats
from micronas.data.logmel import log_mel, mfcc
from micronas.data.options import read, read_positive
from micronas.errors import DataError
from micronas.model.front_end import LogMel, Mfcc

Clips = npt.NDArray[np.int16]

FRONT_END_OPTIONS = ("window_ms", "hop_ms", "bands", "low_hz", "high_hz", "coefficients")
WINDOW_MS, HOP_MS, BANDS, LOW_HZ, HIGH_HZ = 30.0, 20.0, 40, 20.0, 8000.0
_CHUNK = 512
"""Clips per call: bounds the memory of frames and spectra."""


def front_end_of(options: Mapping[str, object], rate_hz: int) -> LogMel | Mfcc:
    """The front end of ``options`` at ``rate_hz``: log-mel, or MFCC if ``coefficients`` are given.

    Raises ``DataError`` for what cannot be.
    """
    mel = _log_mel_of(options, rate_hz)
    coefficients = read(options, "coefficients", int, 0)
    if not 0 <= coefficients <= mel.bands:
        raise DataError(
            f"data options: {mel.bands} bands do not give {coefficients} coefficients",
            remedy="give coefficients from 1 to bands for MFCC, or leave them out for a log-mel spectrogram",
        )
    return Mfcc(mel, coefficients) if coefficients else mel


def input_range_of(front_end: LogMel | Mfcc) -> tuple[float, float] | None:
    """0 to 1 of a log-mel spectrogram; None for MFCC, whose range is found in the training split."""
    return None if isinstance(front_end, Mfcc) else (0.0, 1.0)


def _log_mel_of(options: Mapping[str, object], rate_hz: int) -> LogMel:
    window, hop = (
        round(read_positive(options, name, default) * rate_hz / 1000)
        for name, default in (("window_ms", WINDOW_MS), ("hop_ms", HOP_MS))
    )
    bands = read_positive(options, "bands", BANDS)
    low_hz = read_positive(options, "low_hz", LOW_HZ)
    high_hz = read_positive(options, "high_hz", min(HIGH_HZ, rate_hz / 2))
    if bands != int(bands) or window < 2 or hop < 1:
        raise DataError(
            f"data options: {bands:g} bands, windows of {window} samples and a hop of {hop} samples give no "
            f"spectrogram",
            remedy="give bands as a whole number above 0, and window_ms and hop_ms in milliseconds",
        )
    if not low_hz < high_hz <= rate_hz / 2:
        raise DataError(
            f"data options: low_hz {low_hz:g} to high_hz {high_hz:g} is not a range of frequencies at "
            f"{rate_hz} Hz",
            remedy=f"set high_hz above low_hz, and to at most half of the rate, {rate_hz / 2:g}",
        )
    fft = 1 << (window - 1).bit_length()
    return LogMel(rate_hz, window, hop, fft, int(bands), low_hz, high_hz)


def spectrograms(clips: Clips, front_end: LogMel | Mfcc) -> Floats:
    """``clips`` int16 (N, samples) -> float32 (N, frames, bands or coefficients, 1).

    Raises ``DataError`` if a clip is shorter than one window.
    """
    if clips.shape[1] < front_end.window:
        raise DataError(
            f"clips of {clips.shape[1]} samples are shorter than one window of {front_end.window} samples",
            remedy="raise data.options.clip_s, or lower data.options.window_ms",
        )
    starts = range(0, len(clips), _CHUNK)
    return np.concatenate([_features(clips[start : start + _CHUNK], front_end) for start in starts])


def _features(clips: Clips, front_end: LogMel | Mfcc) -> Floats:
    return mfcc(clips, front_end) if isinstance(front_end, Mfcc) else log_mel(clips, front_end)


def levelled(clips: npt.NDArray[np.generic]) -> Clips:
    """Clips normalised to one peak level, because loudness identifies the speaker and not the word."""
    values = clips.astype(np.float32)
    peak = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1)
    return np.asarray(np.round(values * (16384 / peak)), np.int16)
