"""Made-up vibration of a rotating machine: a data set for anomaly detection that needs no download.

Every sample is a quarter of a second of an accelerometer at 4 kHz on a machine whose shaft turns at 24 to
30 Hz, reduced to the logarithm of its spectrum in 64 bands. Normal machines have harmonics of the shaft, a
gear mesh and noise. One in five is faulty: a bearing's outer race (impulses that ring at a resonance),
imbalance (a strong first harmonic) or looseness (half orders), faint to plain. It is fit to try things out,
and evidence of nothing: a formula made the faults.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data.dataset import DataKind, FrontEnd, Task
from micronas.data.options import refuse_unknown
from micronas.data.samples import Samples

RATE_HZ, LENGTH, BANDS = 4000, 1024, 64
NORMAL_SAMPLES, FAULTY_SAMPLES = 1200, 300
FLOOR_DB = -60.0
"""The logarithm of a band's energy is cut here; 0 dB is full scale."""

Signal = npt.NDArray[np.float64]


def load_vibration(config: DataConfig) -> Samples:
    """Always the same samples: they are drawn with a seed of their own."""
    refuse_unknown("vibration", config.options, ())
    rng = np.random.default_rng(20)
    y = np.repeat([0, 1], [NORMAL_SAMPLES, FAULTY_SAMPLES])
    x = np.stack([_spectrum(_signal(rng, bool(faulty))) for faulty in y]).astype(np.float32)
    return Samples(
        name="vibration",
        kind=DataKind.STREAM,
        x=x[:, :, np.newaxis, np.newaxis],
        y=y.astype(np.int64),
        class_names=("normal", "anomaly"),
        input_range=(0.0, 1.0),
        front_end=FrontEnd(
            "log_spectrum", 1, {"rate_hz": RATE_HZ, "length": LENGTH, "bands": BANDS, "floor_db": FLOOR_DB}
        ),
        notes=("vibration is made up by a formula: results on it say nothing of real machines",),
        task=Task.DETECT_ANOMALIES,
    )


def _signal(rng: np.random.Generator, faulty: bool) -> Signal:
    """Acceleration in full scales, (LENGTH,)."""
    t = np.arange(LENGTH) / RATE_HZ
    shaft_hz = rng.uniform(24, 30)
    signal = 0.01 * rng.standard_normal(LENGTH)
    for order in range(1, 7):
        signal += _tone(rng, t, order * shaft_hz, 0.12 / order * np.exp(0.25 * rng.standard_normal()))
    signal += _tone(rng, t, 17 * shaft_hz, 0.05 * np.exp(0.25 * rng.standard_normal()))
    if faulty:
        fault = (_bearing, _imbalance, _looseness)[rng.integers(3)]
        signal += fault(rng, t, shaft_hz, rng.uniform(0.3, 1.0))
    return signal


def _tone(rng: np.random.Generator, t: Signal, hz: float, amplitude: float) -> Signal:
    return np.asarray(amplitude * np.sin(2 * np.pi * (hz * t + rng.random())), np.float64)


def _bearing(rng: np.random.Generator, t: Signal, shaft_hz: float, severity: float) -> Signal:
    """A ball passes the damage 3.58 times a turn; each blow rings at a resonance about 900 Hz."""
    since = (t + rng.random() / shaft_hz) % (1 / (3.58 * shaft_hz))
    ringing = np.exp(-350 * since) * np.sin(2 * np.pi * rng.uniform(850, 950) * since)
    return np.asarray(0.25 * severity * ringing, np.float64)


def _imbalance(rng: np.random.Generator, t: Signal, shaft_hz: float, severity: float) -> Signal:
    return _tone(rng, t, shaft_hz, 0.5 * severity)


def _looseness(rng: np.random.Generator, t: Signal, shaft_hz: float, severity: float) -> Signal:
    halves = (_tone(rng, t, (order + 0.5) * shaft_hz, 0.06 * severity) for order in range(1, 8))
    return np.asarray(np.sum(list(halves), axis=0), np.float64)


def _spectrum(signal: Signal) -> Signal:
    """0..1 (BANDS,): energies of equal bands in dB between the floor and full scale."""
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(LENGTH)))[1:] ** 2 * (4 / LENGTH) ** 2
    energies = spectrum.reshape(BANDS, -1).sum(axis=1)
    decibels = 10 * np.log10(np.maximum(energies, 1e-12))
    return np.asarray(np.clip(1 - decibels / FLOOR_DB, 0.0, 1.0), np.float64)
