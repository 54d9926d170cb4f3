"""The C of the "micro" front end on the host, under sanitizers: the features of the original in every bit."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.codegen.front_end.micro import micro_tables
from micronas.data.front_end.micro_features import MicroStream, micro_features
from micronas.errors import ModelError
from micronas.model.front_end import Micro
from micronas.model.front_end.micro import FEATURE_SCALE
from micronas.model.graph import Quant
from tests.support.front_end_c import build_front_ends, run_front_end
from tests.support.micro_oracle import need_oracle, package_features
from tests.support.sounds import hard_sounds

pytestmark = pytest.mark.slow  # the file compiles C many times

USUAL = Micro(16000, window=480, hop=160, bands=40, low_hz=125.0, high_hz=7500.0)
PLAIN = Micro(
    8000, window=240, hop=160, bands=13, low_hz=125.0, high_hz=3750.0, pcan=0
)  # with a radix-2 pass
WIDE = Micro(16000, window=1000, hop=900, bands=96, low_hz=20.0, high_hz=7500.0)  # empty filters
FRAMES = {USUAL: 298, PLAIN: 99, WIDE: 16}
CLIP = {USUAL: 3 * 16000, PLAIN: 16000, WIDE: 16000}
PIECES = 4
"""Programs of one front end: each shows 255 values of the 16-bit features as steps of an int8 input."""
SCALES = (26 / 255, 0.1)  # the second with values in the middle of two steps


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    tables = [
        micro_tables(spec, frames, Quant((FEATURE_SCALE,), (-128 - 255 * piece,)))
        for spec, frames in FRAMES.items()
        for piece in range(PIECES)
    ]
    tables += [micro_tables(USUAL, FRAMES[USUAL], Quant((float(np.float32(s)),), (-128,))) for s in SCALES]
    return build_front_ends(tables, tmp_path_factory.mktemp("micro"))


def features_in_c(program, spec, clips, step):
    first = PIECES * list(FRAMES).index(spec)
    pieces = [run_front_end(program, first + i, clips, step).astype(int) + 128 for i in range(PIECES)]
    return np.sum(pieces, axis=0).reshape(len(clips), -1, spec.bands)


def test_long_streams_are_the_originals_in_every_bit(program):
    need_oracle()
    sounds = hard_sounds(CLIP[USUAL], 16000)
    got = features_in_c(program, USUAL, sounds, step=1000)
    want = np.stack([package_features(sound) for sound in sounds])
    assert want.max() < 255 * PIECES
    assert np.argwhere(got != want).tolist() == []


@pytest.mark.parametrize("spec", [PLAIN, WIDE], ids=["plain", "wide"])
def test_other_parameters_are_those_of_the_training_in_every_bit(spec, program):
    sounds = hard_sounds(CLIP[spec], spec.rate_hz, seed=4)
    got = features_in_c(program, spec, sounds, step=spec.hop)
    want = MicroStream(spec, len(sounds)).push(sounds)
    assert want.max() < 255 * PIECES
    assert np.argwhere(got != want[:, -FRAMES[spec] :]).tolist() == []


def test_recorded_words_are_equal_and_the_size_of_a_push_changes_nothing(program, shared_data):
    with np.load(shared_data / "gsc12_logmel49x40.npz", allow_pickle=False) as file:
        clips = file["raw"][:9].reshape(3, -1)
    want = MicroStream(USUAL, 3).push(clips)
    for step in (7, 160, 48000):
        assert np.argwhere(features_in_c(program, USUAL, clips, step) != want).tolist() == []


@pytest.mark.parametrize("number", range(len(SCALES)))
def test_int8_inputs_are_those_of_the_training(number, program):
    sounds, scale = hard_sounds(CLIP[USUAL], 16000, seed=5), np.float32(SCALES[number])
    x = micro_features(sounds, USUAL).reshape(len(sounds), -1)
    want = np.clip(np.rint(x / scale) - 128, -128, 127)  # as micronas/estimate/accuracy.py does it
    got = run_front_end(program, PIECES * len(FRAMES) + number, sounds, step=160)
    assert want.std() > 20
    assert np.argwhere(got != want).tolist() == []


def test_what_has_no_c_is_refused_with_the_reason():
    with pytest.raises(ModelError, match="transforms 32 points"):
        micro_tables(Micro(16000, 32, 16, 4, 125.0, 7000.0), 9, Quant((0.1,), (0,)))
    with pytest.raises(ModelError, match=r"scale 0\.0001 is too small"):
        micro_tables(USUAL, 9, Quant((0.0001,), (0,)))
