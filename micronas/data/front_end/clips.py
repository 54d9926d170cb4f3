"""Clips of audio to spectrograms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Floats
from micronas.data.front_end.logmel import log_mel, mfcc
from micronas.data.front_end.micro_features import micro_features
from micronas.data.front_end.options import AudioFrontEnd
from micronas.errors import DataError
from micronas.model.front_end import Mfcc, Micro

Clips = npt.NDArray[np.int16]

_CHUNK = 512
"""Clips per call: bounds the memory of frames and spectra."""


def spectrograms(clips: Clips, front_end: AudioFrontEnd) -> Floats:
    """``clips`` int16 (N, samples) -> float32 (N, frames, bands or coefficients, 1).

    Raises ``DataError`` if a clip is shorter than one window.
    """
    if clips.shape[1] < front_end.window:
        raise DataError(
            f"clips of {clips.shape[1]} samples are shorter than one window of {front_end.window} samples",
            remedy="raise data.options.clip_s, or lower data.options.window_ms",
            settings=("data.options.clip_s",),
        )
    starts = range(0, len(clips), _CHUNK)
    return np.concatenate([_features(clips[start : start + _CHUNK], front_end) for start in starts])


def _features(clips: Clips, front_end: AudioFrontEnd) -> Floats:
    if isinstance(front_end, Micro):
        return micro_features(clips, front_end)
    return mfcc(clips, front_end) if isinstance(front_end, Mfcc) else log_mel(clips, front_end)


def levelled(clips: npt.NDArray[np.generic]) -> Clips:
    """Clips normalised to one peak level, because loudness identifies the speaker and not the word."""
    values = clips.astype(np.float32)
    peak = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1)
    return np.asarray(np.round(values * (16384 / peak)), np.int16)
