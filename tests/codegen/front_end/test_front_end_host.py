"""The C of front ends against the arithmetic of the training: recorded and made-up samples, on the host.

Tolerance: one step of the int8 input in any element, and few elements that differ at all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.codegen.front_end import front_end_tables
from micronas.codegen.front_end.log_mel import log_mel_tables, mfcc_tables
from micronas.codegen.front_end.stream import stream_tables
from micronas.data.front_end.logmel import log_mel, mfcc
from micronas.data.front_end.options import front_end_of
from micronas.errors import ModelError
from micronas.model.front_end import FrontEnd, FrontEndFile, LogMel, Mfcc
from micronas.model.graph import Quant
from micronas.model.net import Dense, GlobalAveragePool, NetBuilder, shape_graph
from micronas.space.reference.random_weights import random_weights
from tests.support.front_end_c import build_front_ends, run_front_end

pytestmark = pytest.mark.slow  # the file compiles C many times

KEYWORDS = LogMel(16000, window=480, hop=320, fft=512, bands=40, low_hz=20.0, high_hz=8000.0)
SPECS = (
    KEYWORDS,
    LogMel(8000, window=201, hop=77, fft=256, bands=13, low_hz=300.0, high_hz=3333.0),  # an odd window
    LogMel(4000, window=8, hop=11, fft=8, bands=3, low_hz=20.0, high_hz=2000.0),  # a hop beyond the window
    LogMel(44100, window=2000, hop=1000, fft=2048, bands=96, low_hz=20.0, high_hz=20000.0),  # empty filters
    front_end_of({"mel_scale": "slaney", "mel_norm": "slaney", "log": "db"}, 16000),
    front_end_of({"mel_norm": "slaney", "bands": 20}, 8000),
)
CLIP = (16000, 4000, 400, 10000, 16000, 8000)
QUANTS = (Quant((float(np.float32(1 / 255)),), (-128,)), Quant((0.0061,), (-21,)))
STREAM = FrontEnd("stream", 1, {"hop": 5, "mean": [0.1, -3.0, 900.0], "spread": [2.0, 0.04, 33.0]})
SHAPE = (10, 1, 3)


def frames(spec, samples):
    return 1 + (samples - spec.window) // spec.hop


CEPSTRA = (Mfcc(KEYWORDS, 10), Mfcc(SPECS[1], 13), Mfcc(SPECS[4], 20))
CEPSTRA_CLIP = (16000, 4000, 16000)
MFCC_QUANTS = (Quant((0.43,), (18,)), Quant((0.09,), (-5,)), Quant((3.3,), (40,)))
TABLES = [
    *(
        log_mel_tables(s, frames(s, n), QUANTS[i % 2])
        for i, (s, n) in enumerate(zip(SPECS, CLIP, strict=True))
    ),
    stream_tables(STREAM, SHAPE, QUANTS[1]),
    *(
        mfcc_tables(s, frames(s.mel, n), q)
        for s, n, q in zip(CEPSTRA, CEPSTRA_CLIP, MFCC_QUANTS, strict=True)
    ),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build_front_ends(TABLES, tmp_path_factory.mktemp("front_ends"))


def quantized(x, quant):
    """As the training side does it: micronas/estimate/accuracy.py."""
    q = np.rint(x / np.float32(quant.scale[0])) + quant.zero_point[0]
    return np.clip(q, -128, 127).astype(int)


def assert_near(got, want, share):
    """At most one step apart, in at most ``share`` of the elements."""
    apart = np.abs(got.astype(int) - want)
    assert apart.max() <= 1
    assert (apart > 0).mean() <= share


def made_up(samples, rate):
    """Noise of every loudness, tones, silence, full scale, an impulse."""
    rng = np.random.default_rng(3)
    t = np.arange(samples) / rate
    loudness = np.geomspace(1, 32767, 12)[:, None]
    noise = rng.uniform(-1, 1, (12, samples)) * loudness
    tones = np.sin(2 * np.pi * rng.uniform(20, rate / 2, 12)[:, None] * t) * loudness
    square = np.where(np.sin(2 * np.pi * rate / 40 * t) > 0, 32767, -32768)
    impulse = np.where(np.arange(samples) == samples // 2, -32768, 0)
    return np.vstack([noise, tones, square, impulse, np.zeros(samples)]).astype(np.int16)


@pytest.mark.parametrize("number", range(len(SPECS)))
def test_made_up_sounds_are_one_step_apart_at_most(number, program):
    spec, clips = SPECS[number], made_up(CLIP[number], SPECS[number].rate_hz)
    got = run_front_end(program, number, clips, step=spec.hop)
    want = quantized(log_mel(clips, spec), QUANTS[number % 2]).reshape(len(clips), -1)
    assert_near(got, want, share=0.005)


def test_recorded_words_are_one_step_apart_at_most(program, shared_data):
    with np.load(shared_data / "gsc12_logmel49x40.npz", allow_pickle=False) as file:
        clips = file["raw"][:100]
    want = quantized(log_mel(clips, KEYWORDS), QUANTS[0]).reshape(len(clips), -1)
    assert_near(run_front_end(program, 0, clips, step=320), want, share=0.0005)


def test_the_size_of_a_push_changes_nothing(program):
    clips = made_up(CLIP[2], 4000)
    results = [run_front_end(program, 2, clips, step) for step in (1, 7, 11, 400)]
    assert all((other == results[0]).all() for other in results[1:])


def test_a_core_without_long_products_gets_the_same_bits(program, tmp_path):
    other = build_front_ends(TABLES, tmp_path, ("-DMN_NO_LONG_MULTIPLY",))
    for number in (0, 1):
        clips = made_up(CLIP[number], SPECS[number].rate_hz)
        got = run_front_end(other, number, clips, step=1000)
        assert (got == run_front_end(program, number, clips, step=1000)).all()


def test_a_stream_is_normalised_and_quantized_at_once(program):
    rng = np.random.default_rng(5)
    mean, spread = np.float32([0.1, -3.0, 900.0]), np.float32([2.0, 0.04, 33.0])
    rows = (mean + spread * rng.normal(0, 0.6, (200, 25, 3))).astype(np.float32)
    rows[0, -1] = [np.inf, -np.inf, 1e30]
    got = run_front_end(program, len(SPECS), rows.reshape(200, -1), step=3)
    want = quantized((rows - mean) / spread, QUANTS[1])[:, -SHAPE[0] :].reshape(200, -1)
    assert_near(got, want, share=0.001)


@pytest.mark.parametrize("number", range(len(CEPSTRA)))
def test_cepstral_coefficients_are_one_step_apart_at_most(number, program):
    spec, clips = CEPSTRA[number], made_up(CEPSTRA_CLIP[number], CEPSTRA[number].mel.rate_hz)
    got = run_front_end(program, len(SPECS) + 1 + number, clips, step=spec.mel.hop)
    want = quantized(mfcc(clips, spec), MFCC_QUANTS[number]).reshape(len(clips), -1)
    assert want.std() > 10
    assert_near(got, want, share=0.005)


def test_cepstra_of_recorded_words_are_one_step_apart_at_most(program, shared_data):
    with np.load(shared_data / "gsc12_logmel49x40.npz", allow_pickle=False) as file:
        clips = file["raw"][:40]
    want = quantized(mfcc(clips, CEPSTRA[0]), MFCC_QUANTS[0]).reshape(len(clips), -1)
    assert_near(run_front_end(program, len(SPECS) + 1, clips, step=320), want, share=0.0005)


def network(shape):
    net = NetBuilder(shape).chain(GlobalAveragePool(), Dense(4)).build()
    return random_weights(shape_graph(net), seed=0)


def file_of(front_end, shape, kind="spectrogram"):
    return FrontEndFile(front_end, kind, shape, (0.0, 1.0), "classify", ("a", "b", "c", "d"), {})


@pytest.mark.parametrize(
    ("front_end", "shape", "said"),
    [
        (FrontEnd("theirs", 1), (10, 1, 3), "front end theirs version 1 has no C"),
        (replace(KEYWORDS.front_end, version=3), (10, 1, 3), "front end logmel version 3 has no C"),
        (
            front_end_of({"log": "db", "amin": 1e-16, "bands": 3}, 16000).front_end,
            (10, 1, 3),
            "no logarithms of powers below",
        ),
        (KEYWORDS.front_end, (10, 2, 2), "makes inputs of"),
        (KEYWORDS.front_end, (10, 1, 3), "frames of 40 bands"),
        (replace(KEYWORDS, fft=500, bands=3).front_end, (10, 1, 3), "transforms 500 points"),
        (Mfcc(KEYWORDS, 10).front_end, (10, 1, 3), "frames of 10 coefficients"),
        (replace(STREAM, parameters={"mean": [1.0]}), (10, 1, 3), "1 values of mean for 3 channels"),
        (
            FrontEnd("logmel", 1, {**KEYWORDS.front_end.parameters, "level": "peak"}),
            (10, 1, 3),
            "level: peak",
        ),
    ],
)
def test_what_has_no_c_is_refused_with_the_reason(front_end, shape, said):
    kind = "stream" if front_end.name == "stream" else "spectrogram"
    file, graph = file_of(front_end, shape, kind), network((10, 1, 3))
    with pytest.raises(ModelError, match=said):
        front_end_tables(file, graph)
