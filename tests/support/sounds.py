"""Made-up sounds that reach the corners of a front end of audio."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def hard_sounds(samples: int, rate_hz: int, seed: int = 3) -> npt.NDArray[np.int16]:
    """int16 (12, samples): noise of several loudness, tones, full scale, impulses, a swell, silence."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / rate_hz
    sweep = np.sin(2 * np.pi * (100 * t + rate_hz / 5 * t * t / t[-1]))
    sounds = [
        rng.normal(0, 1, samples) * 3000,
        rng.normal(0, 1, samples) * 3,
        rng.normal(0, 1, samples) * np.geomspace(1, 20000, samples),
        rng.normal(0, 9000, samples) * (rng.random(samples) < 0.01),
        rng.choice([-32768, 32767], samples),
        rng.integers(-32768, 32768, samples),
        20000 * np.sin(2 * np.pi * rate_hz / 16 * t),
        np.where(np.sin(2 * np.pi * rate_hz / 64 * t) > 0, 32767, -32768),
        30000 * sweep,
        np.where(np.arange(samples) % 777 == 5, -32768, 0),
        np.full(samples, -32768),
        np.zeros(samples),
    ]
    return np.stack(sounds).clip(-32768, 32767).astype(np.int16)
