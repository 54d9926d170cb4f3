"""The "micro" front end in NumPy against TensorFlow Lite Micro's own (``pymicro-features``): every bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.data.front_end.micro_features import MicroStream, micro_features
from micronas.model.front_end import Micro
from tests.support.micro_oracle import library_features, need_oracle, package_features
from tests.support.sounds import hard_sounds

USUAL = Micro(16000, window=480, hop=160, bands=40, low_hz=125.0, high_hz=7500.0)
OTHERS = (
    Micro(16000, window=480, hop=320, bands=40, low_hz=20.0, high_hz=7900.0),
    Micro(16000, window=400, hop=160, bands=32, low_hz=125.0, high_hz=7500.0, pcan=0),
    Micro(8000, window=240, hop=80, bands=40, low_hz=125.0, high_hz=3750.0),  # 128 complex points: radix 2
    Micro(16000, window=1024, hop=512, bands=64, low_hz=60.0, high_hz=7600.0),
    Micro(44100, window=1323, hop=441, bands=40, low_hz=100.0, high_hz=15000.0),
    Micro(16000, window=480, hop=160, bands=96, low_hz=20.0, high_hz=7500.0),  # empty filters
    Micro(16000, 64, 32, 10, 200.0, 7000.0, 1, 0.1, 0.3, 0.2, 0.7, 40.0),  # every other parameter
)


@pytest.fixture(autouse=True)
def _oracle():
    need_oracle()


def test_long_streams_are_equal_in_every_bit():
    sounds = hard_sounds(6 * 16000, 16000)
    got = MicroStream(USUAL, len(sounds)).push(sounds)
    want = np.stack([package_features(sound) for sound in sounds])
    assert got.shape == want.shape == (12, 598, 40)
    assert want.max() > 600
    assert np.argwhere(got != want).tolist() == []


def test_recorded_words_one_after_the_other_are_equal_in_every_bit(shared_data):
    with np.load(shared_data / "gsc12_logmel49x40.npz", allow_pickle=False) as file:
        stream = file["raw"][:12].reshape(-1)
    got = MicroStream(USUAL).push(stream[np.newaxis])[0]
    assert np.argwhere(got != package_features(stream)).tolist() == []


@pytest.mark.parametrize("spec", OTHERS, ids=lambda s: f"{s.rate_hz}-{s.window}-{s.bands}")
def test_other_parameters_are_equal_in_every_bit(spec):
    sounds = hard_sounds(spec.rate_hz, spec.rate_hz)
    got = MicroStream(spec, len(sounds)).push(sounds)
    want = np.stack([library_features(sound, spec) for sound in sounds])
    assert np.argwhere(got != want).tolist() == []


def test_the_size_of_a_push_changes_nothing():
    sound = hard_sounds(16000, 16000)[2:3]
    stream, pieces = MicroStream(USUAL), np.split(sound, [1, 7, 480, 481, 5000, 5160], axis=1)
    got = np.concatenate([stream.push(piece) for piece in pieces], axis=1)
    assert (got == MicroStream(USUAL).push(sound)).all()


def test_every_clip_begins_without_noise():
    sounds = hard_sounds(16000, 16000)[:2]
    both = micro_features(sounds, USUAL)
    alone = micro_features(sounds[1:], USUAL)
    assert both.shape == (2, 98, 40, 1)
    assert (both[1] == alone[0]).all()
    settled = micro_features(sounds[1:], replace(USUAL, settle=1))[0, ..., 0]
    twice = package_features(np.tile(sounds[1], 2))
    assert (settled == twice[-98:] * np.float32(0.0390625)).all()
    continued = MicroStream(USUAL).push(sounds.reshape(1, -1))[0, -98:]
    assert np.abs(continued * 0.0390625 - alone[0, ..., 0]).max() > 1  # a stream remembers
