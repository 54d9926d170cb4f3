"""The C of the audio front ends on Cortex-M cores in QEMU: the host's bits, and what a frame costs."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.front_end.log_mel import log_mel_tables, mfcc_tables
from micronas.codegen.front_end.micro import micro_tables
from micronas.data.front_end.logmel import log_mel, mfcc
from micronas.data.front_end.micro_features import micro_features
from micronas.model.front_end import LogMel, Mfcc, Micro
from micronas.model.graph import Quant
from tests.support.front_end_emulated import run_audio_emulated

SPEC = LogMel(16000, window=480, hop=320, fft=512, bands=40, low_hz=20.0, high_hz=8000.0)
FRAMES, QUANT = 49, Quant((float(np.float32(1 / 255)),), (-128,))
MOST_INSTRUCTIONS = {Core.M4F: 70_000, Core.M3: 70_000, Core.M0PLUS: 260_000}
MOST_OF_MICRO = {Core.M4F: 95_000, Core.M3: 95_000, Core.M0PLUS: 220_000}
"""Of a frame: limits above the emulated figures in docs/guides/front_end.md."""


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("core", [Core.M4F, Core.M3, Core.M0PLUS], ids=lambda core: core.name)
def test_a_device_computes_the_inputs_of_the_training(core, tmp_path):
    rng = np.random.default_rng(7)
    t = np.arange(16000) / 16000
    tones = np.sin(2 * np.pi * rng.uniform(60, 7000, (4, 1)) * t) * np.array([[30], [900], [9000], [32000]])
    clips = (tones + rng.normal(0, 20, tones.shape)).clip(-32768, 32767).astype(np.int16)
    tables = log_mel_tables(SPEC, FRAMES, QUANT)
    got = run_audio_emulated(tables, clips, SPEC.hop, tmp_path, core)
    x = log_mel(clips, SPEC).reshape(len(clips), -1)
    want = np.clip(np.rint(x / np.float32(QUANT.scale[0])) + QUANT.zero_point[0], -128, 127).astype(int)
    apart = np.abs(got.inputs.astype(int) - want)
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.001
    require_instructions(got, core)


@pytest.mark.slow
@pytest.mark.emulator
def test_a_device_computes_cepstral_coefficients(tmp_path):
    rng = np.random.default_rng(8)
    clips = (rng.normal(0, 1, (3, 16000)) * [[20], [700], [9000]]).clip(-32768, 32767).astype(np.int16)
    spec, quant = Mfcc(SPEC, 10), Quant((0.43,), (18,))
    got = run_audio_emulated(mfcc_tables(spec, FRAMES, quant), clips, SPEC.hop, tmp_path, Core.M4F)
    x = mfcc(clips, spec).reshape(len(clips), -1)
    apart = np.abs(got.inputs - np.clip(np.rint(x / np.float32(0.43)) + 18, -128, 127))
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.002
    require_instructions(got, Core.M4F)


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("core", [Core.M4F, Core.M3, Core.M0PLUS], ids=lambda core: core.name)
def test_a_device_computes_micro_features_exactly(core, tmp_path):
    rng = np.random.default_rng(9)
    clips = (rng.normal(0, 1, (2, 16000)) * [[20], [9000]]).clip(-32768, 32767).astype(np.int16)
    spec = Micro(16000, window=480, hop=320, bands=40, low_hz=125.0, high_hz=7500.0)
    tables = micro_tables(spec, FRAMES, Quant((0.1,), (-128,)))
    got = run_audio_emulated(tables, clips, spec.hop, tmp_path, core)
    x = micro_features(clips, spec).reshape(len(clips), -1)
    want = np.clip(np.rint(x / np.float32(0.1)) - 128, -128, 127)
    assert (got.inputs == want).all()
    require_instructions(got, core, MOST_OF_MICRO)


def require_instructions(got, core, limits=MOST_INSTRUCTIONS):
    a_frame = got.instructions / FRAMES
    print(f"{core.value}: {a_frame.mean():,.0f} instructions per frame")
    assert (a_frame > 10_000).all()
    assert (a_frame < limits[core]).all()
