"""One audio file -> 16-bit mono at one rate: decoding by libsndfile (soundfile), resampling by soxr."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.errors import DataError
from micronas.host.installation import install_command

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".w64"})
_STREAMED = 0x7FFF0000
"""From this size on, a header's length was not known when it was written."""
Signal = npt.NDArray[np.int16]


@dataclass(frozen=True)
class AudioFacts:
    """Of one file: samples per second, channels, frames (samples per channel).

    ``cut_short``: its header announces more bytes than the file has.
    """

    rate_hz: int
    channels: int
    frames: int
    cut_short: bool = False


def audio_facts(path: Path) -> AudioFacts:
    """From the header; raises ``DataError`` with the reason for a file that is no audio."""
    soundfile = _package("soundfile")
    _refuse_other_content(path)
    try:
        info = soundfile.info(str(path))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise DataError(_why(error)) from error
    if info.frames <= 0:
        raise DataError("no samples")
    return AudioFacts(int(info.samplerate), int(info.channels), int(info.frames), _is_cut_short(path))


def read_audio(path: Path, rate_hz: int) -> Signal:
    """int16 (samples,) at ``rate_hz``: channels averaged, then resampled if the file has another rate."""
    soundfile = _package("soundfile")
    try:
        signal, own_hz = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise DataError(_why(error)) from error
    if not np.isfinite(signal).all():
        raise DataError("NaN or infinite samples")
    mono = signal.mean(axis=1)
    if own_hz != rate_hz:
        mono = _package("soxr").resample(mono, own_hz, rate_hz)
    return np.asarray(np.clip(np.rint(mono * 32768), -32768, 32767), np.int16)


def _refuse_other_content(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(40)
    if not head:
        raise DataError("empty file")
    if head.startswith(b"version https://git-lfs"):
        raise DataError("a Git LFS pointer")


def _is_cut_short(path: Path) -> bool:
    """Whether a WAV file ends before its header says; recorders that stream write 0 or the largest number."""
    with path.open("rb") as stream:
        head = stream.read(12)
    if head[:4] != b"RIFF" or len(head) < 12:
        return False
    announced = int.from_bytes(head[4:8], "little")
    return announced < _STREAMED and announced + 8 > path.stat().st_size + 1  # a last byte of padding


def _why(error: Exception) -> str:
    text = str(getattr(error, "error_string", error)).strip().rstrip(".")
    return f"not readable as audio: {text}"


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: its C library is missing
        raise DataError(f"reading audio needs {name}", remedy=install_command(name)) from error
