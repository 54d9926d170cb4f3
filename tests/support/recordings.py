"""Tiny data sets as people have them: tones as wav files, sensor streams as CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt


def tone(hz: float, rate_hz: int = 8000, seconds: float = 0.5, seed: int = 0) -> npt.NDArray[np.float32]:
    """A tone with a little noise, in -1..1."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    wave = 0.4 * np.sin(2 * np.pi * (hz * t + rng.random())) + 0.01 * rng.standard_normal(len(t))
    return np.asarray(wave, np.float32)


def write_audio(path: Path, signal: npt.NDArray[np.float32], rate_hz: int = 8000) -> None:
    """An audio file in the format of its suffix; folders are made."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, signal, rate_hz)


def write_words(root: Path, per_class: int = 12, speakers: int = 6, suffix: str = ".wav") -> Path:
    """Two classes of tones, ``root/high/SPEAKER_N.wav`` and ``root/low/...``, half a second each."""
    for number, (name, hz) in enumerate((("high", 2000.0), ("low", 400.0))):
        for i in range(per_class):
            signal = tone(hz * (1 + 0.02 * i), seed=100 * number + i)
            write_audio(root / name / f"amy{i % speakers}_{i}{suffix}", signal)
    return root


def motion(rows: int, hz: float, rate_hz: float = 50.0, seed: int = 0) -> npt.NDArray[np.float64]:
    """Three axes (rows, 3) of a movement at ``hz``, in m/s2, gravity on the last."""
    rng = np.random.default_rng(seed)
    t = np.arange(rows) / rate_hz
    axes = [3 * np.sin(2 * np.pi * hz * t + phase) for phase in (0, 1, 2)]
    return np.stack(axes, axis=1) + [0, 0, 9.8] + 0.2 * rng.standard_normal((rows, 3))


def write_csv(path: Path, columns: dict[str, object]) -> Path:
    """A CSV file with a header; every column is a sequence or one value for all rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = max(len(values) for values in columns.values() if not isinstance(values, str))  # type: ignore[arg-type]
    filled = [[v] * rows if isinstance(v, str) else list(v) for v in columns.values()]  # type: ignore[call-overload]
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*filled, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_activities(path: Path, subjects: int = 6, rows: int = 400) -> Path:
    """One file: time, three axes, activity and subject; two activities."""
    parts: dict[str, list[object]] = {name: [] for name in ("time", "ax", "ay", "az", "activity", "subject")}
    for subject in range(subjects):
        for number, activity in enumerate(("rest", "walk")):
            axes = motion(rows, hz=0.1 if activity == "rest" else 2.0, seed=2 * subject + number)
            parts["time"] += [f"{i / 50:.3f}" for i in range(rows)]
            for name, values in zip(("ax", "ay", "az"), axes.T, strict=True):
                parts[name] += [f"{v:.4f}" for v in values]
            parts["activity"] += [activity] * rows
            parts["subject"] += [f"s{subject:02d}"] * rows
    return write_csv(path, dict(parts))
