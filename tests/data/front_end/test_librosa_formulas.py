"""Log-mel and MFCC against the formulas that librosa documents, computed here with NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft, signal

from micronas.data.front_end.logmel import log_mel, mfcc
from micronas.data.front_end.options import front_end_of
from micronas.model.front_end import LogMel
from micronas.model.front_end.log_mel import mel_edges_hz
from tests.support.sounds import hard_sounds

RATE_HZ, POINTS, HOP = 16000, 512, 160
OPTIONS = {"window_ms": 32, "hop_ms": 10, "bands": 40, "log": "db"}
PRINTED = (
    *(0.0, 85.317, 170.635, 255.952, 341.269, 426.586, 511.904, 597.221, 682.538, 767.855, 853.173, 938.49),
    *(1024.856, 1119.114, 1222.042, 1334.436, 1457.167, 1591.187, 1737.532, 1897.337, 2071.84, 2262.393),
    *(2470.47, 2697.686, 2945.799, 3216.731, 3512.582, 3835.643, 4188.417, 4573.636, 4994.285, 5453.621),
    *(5955.205, 6502.92, 7101.009, 7754.107, 8467.272, 9246.028, 10096.408, 11025.0),
)
"""What the documentation of ``librosa.mel_frequencies`` prints for 40 frequencies up to 11,025 Hz."""


def test_the_slaney_scale_is_the_documented_one():
    spec = LogMel(22050, 2048, 512, 2048, bands=38, low_hz=0.0, high_hz=11025.0, mel_scale="slaney")
    assert np.abs(mel_edges_hz(spec) - PRINTED).max() < 6e-4


def decibels(clips, scale, norm, low_hz, high_hz):
    """10 log10 of max(1e-10, mel power), without top_db and centring: (N, frames, bands)."""
    window = signal.get_window("hann", POINTS, fftbins=True)
    frames = np.lib.stride_tricks.sliding_window_view(clips / 32768, POINTS, axis=1)[:, ::HOP]
    power = np.abs(fft.rfft(frames * window)) ** 2
    if scale == "htk":
        ends = 2595 * np.log10(1 + np.array([low_hz, high_hz]) / 700)
        points = 700 * (10 ** (np.linspace(*ends, 42) / 2595) - 1)
    else:
        # 3 mel per 200 Hz to 1 kHz = 15 mel, then 27 mel per factor of 6.4
        grid = np.concatenate([np.arange(0, 1000, 0.01), 1000 * 6.4 ** np.arange(0, 1.2, 1e-6)])
        mels = np.where(grid < 1000, 0.015 * grid, 15 + 27 * np.log(np.maximum(grid, 1) / 1000) / np.log(6.4))
        points = np.interp(np.linspace(*np.interp([low_hz, high_hz], grid, mels), 42), mels, grid)
    bins = np.arange(POINTS // 2 + 1) * RATE_HZ / POINTS
    triangles = zip(points[:-2], points[1:-1], points[2:], strict=True)
    filters = [
        np.interp(bins, edges, [0, 1, 0]) * (2 / (edges[2] - edges[0]) if norm == "slaney" else 1)
        for edges in triangles
    ]
    return 10 * np.log10(np.maximum(1e-10, power @ np.array(filters).T))


@pytest.mark.parametrize(("scale", "norm"), [("slaney", "slaney"), ("slaney", "none"), ("htk", "slaney")])
def test_a_log_mel_spectrogram_is_the_decibels_scaled(scale, norm):
    clips = hard_sounds(4000, RATE_HZ)
    spec = front_end_of({**OPTIONS, "mel_scale": scale, "mel_norm": norm, "low_hz": 50}, RATE_HZ)
    want = np.clip(decibels(clips, scale, norm, 50, 8000), -100, 40)
    got = log_mel(clips, spec)[..., 0] * 140 - 100
    assert got.shape == want.shape == (12, 22, 40)
    assert want.std() > 10
    assert np.abs(got - want).max() < 0.05  # dB, a tenth of a step; float32 in places without energy


def test_cepstral_coefficients_are_the_transform_of_the_decibels():
    clips = hard_sounds(4000, RATE_HZ)
    options = {**OPTIONS, "mel_scale": "slaney", "mel_norm": "slaney", "coefficients": 20}
    levels = np.clip(decibels(clips, "slaney", "slaney", 20, 8000), -100, 40)
    want = fft.dct(levels, type=2, norm="ortho", axis=-1)[..., :20]
    assert np.abs(mfcc(clips, front_end_of(options, RATE_HZ))[..., 0] - want).max() < 0.05
