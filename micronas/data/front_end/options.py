"""The options of a front end of audio, which every source of audio has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from micronas.data.sources.options import read, read_choice, read_positive
from micronas.errors import DataError
from micronas.model.front_end import LogMel, Mfcc, Micro
from micronas.model.front_end.micro import LEAST_POINTS, MOST_POINTS, filters

AudioFrontEnd: TypeAlias = LogMel | Mfcc | Micro

WINDOW_MS, HOP_MS, BANDS, LOW_HZ, HIGH_HZ = 30.0, 20.0, 40, 20.0, 8000.0
COEFFICIENTS = 10
MICRO_LOW_HZ, MICRO_HIGH_HZ, MICRO_HIGH_SHARE = 125.0, 7500.0, 15 / 32
"""The usual range of the "micro" front end, at most this share of the rate."""
MICRO_RANGE, PLAIN_MICRO_RANGE = (0.0, 26.0), (0.0, 40.0)
"""Of its features, with and without gain control: the first is that of published microWakeWord models."""
AMIN, MOST_DB = 1e-10, 40.0
"""Of ``log: db``: the least power, and the level of the largest value."""

_EVERY = ("front_end", "window_ms", "hop_ms", "bands", "low_hz", "high_hz")
_OWN = {
    "logmel": ("mel_scale", "mel_norm", "log", "amin"),
    "mfcc": ("mel_scale", "mel_norm", "log", "amin", "coefficients"),
    "micro": ("pcan", "settle"),
}
FRONT_END_OPTIONS = tuple(dict.fromkeys((*_EVERY, *(name for own in _OWN.values() for name in own))))


@dataclass(frozen=True)
class _Frames:
    """Windows and hop in samples, and the bands."""

    window: int
    hop: int
    bands: int
    low_hz: float
    high_hz: float


def front_end_of(options: Mapping[str, object], rate_hz: int) -> AudioFrontEnd:
    """The front end of ``options`` at ``rate_hz``: ``front_end`` names it.

    Without that option it is mfcc if ``coefficients`` are given, otherwise logmel. Raises ``DataError`` for
    what cannot be.
    """
    name = read_choice(options, "front_end", tuple(_OWN), "mfcc" if options.get("coefficients") else "logmel")
    _refuse_others(options, name)
    if name == "micro":
        return _micro_of(options, rate_hz)
    mel = _log_mel_of(options, rate_hz)
    coefficients = read(options, "coefficients", int, COEFFICIENTS if name == "mfcc" else 0)
    if not 0 <= coefficients <= mel.bands:
        raise DataError(
            f"data options: {mel.bands} bands do not give {coefficients} coefficients",
            remedy="give coefficients from 1 to bands for MFCC, or leave them out for a log-mel spectrogram",
        )
    return Mfcc(mel, coefficients) if coefficients else mel


def input_range_of(front_end: AudioFrontEnd) -> tuple[float, float] | None:
    """The range of the features; None for MFCC, whose range is found in the training split."""
    if isinstance(front_end, Micro):
        return MICRO_RANGE if front_end.pcan else PLAIN_MICRO_RANGE
    return None if isinstance(front_end, Mfcc) else (0.0, 1.0)


def _refuse_others(options: Mapping[str, object], name: str) -> None:
    for option in FRONT_END_OPTIONS:
        owners = [owner for owner, own in _OWN.items() if option in own]
        unused = option not in options or (option, options[option]) == ("coefficients", 0)
        if owners and name not in owners and not unused:
            raise DataError(
                f"data option {option!r} is not for the front end {name}",
                remedy=f"leave it out, or set data.options.front_end: {owners[-1]}",
                settings=(f"data.options.front_end={owners[-1]}",),
            )


def _log_mel_of(options: Mapping[str, object], rate_hz: int) -> LogMel:
    frames = _frames(options, rate_hz, LOW_HZ, min(HIGH_HZ, rate_hz / 2))
    fft = 1 << (frames.window - 1).bit_length()
    plain = LogMel(rate_hz, frames.window, frames.hop, fft, frames.bands, frames.low_hz, frames.high_hz)
    log = read_choice(options, "log", ("natural", "db"), "natural")
    if "amin" in options and log != "db":
        raise DataError(
            "data option 'amin' is for log: db",
            remedy="leave it out, or set data.options.log: db",
            settings=("data.options.log=db",),
        )
    amin = read_positive(options, "amin", AMIN)
    if amin >= 1:
        raise DataError(f"data option 'amin' must be below 1, not {amin:g}")
    scales = {
        "mel_scale": read_choice(options, "mel_scale", ("htk", "slaney"), "htk"),
        "mel_norm": read_choice(options, "mel_norm", ("none", "slaney"), "none"),
        "log": log,
    }
    limits = {"floor": 0.0, "low": math.log(amin), "high": MOST_DB / 10 * math.log(10)} if log == "db" else {}
    return replace(plain, **scales, **limits)  # type: ignore[arg-type]


def _micro_of(options: Mapping[str, object], rate_hz: int) -> Micro:
    frames = _frames(options, rate_hz, MICRO_LOW_HZ, min(MICRO_HIGH_HZ, MICRO_HIGH_SHARE * rate_hz))
    if frames.hop > frames.window:
        raise DataError(
            f"data options: the front end micro has no hop of {frames.hop} samples with windows of "
            f"{frames.window}",
            remedy="set hop_ms to at most window_ms",
        )
    pcan, settle = (int(read(options, name, bool, True)) for name in ("pcan", "settle"))
    plain = Micro(rate_hz, frames.window, frames.hop, frames.bands, frames.low_hz, frames.high_hz)
    spec = replace(plain, pcan=pcan, settle=settle)
    if not LEAST_POINTS <= spec.fft <= MOST_POINTS:
        raise DataError(
            f"data options: windows of {spec.window} samples, but the front end micro takes "
            f"{LEAST_POINTS // 2 + 1} to {MOST_POINTS}",
            remedy="change window_ms",
        )
    try:
        filters(spec)
    except ValueError as error:
        raise DataError(
            f"data options: {error}", remedy=f"set high_hz to at most {MICRO_HIGH_SHARE * rate_hz:g}"
        ) from error
    return spec


def _frames(options: Mapping[str, object], rate_hz: int, lowest_hz: float, highest_hz: float) -> _Frames:
    window, hop = (
        round(read_positive(options, name, default) * rate_hz / 1000)
        for name, default in (("window_ms", WINDOW_MS), ("hop_ms", HOP_MS))
    )
    bands = read_positive(options, "bands", BANDS)
    low_hz = read_positive(options, "low_hz", lowest_hz)
    high_hz = read_positive(options, "high_hz", highest_hz)
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
    return _Frames(window, hop, int(bands), low_hz, high_hz)
