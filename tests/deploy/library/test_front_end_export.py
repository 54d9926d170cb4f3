"""An exported library with its front end: the example prints the class that Python gets, from raw samples."""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
from dataclasses import replace

import numpy as np
import pytest

import micronas as mn
from micronas.board import Core
from micronas.data.front_end.logmel import log_mel
from micronas.data.front_end.micro_features import micro_features
from micronas.data.sources.audio_file import read_audio
from micronas.data.sources.image_folder import pixels
from micronas.deploy.library import library_files
from micronas.errors import ModelError
from micronas.model.front_end import (
    FILE_NAME,
    FrontEnd,
    FrontEndFile,
    LogMel,
    Micro,
    RegressionTarget,
    to_json,
)
from micronas.model.graph import Quant
from micronas.model.interpreter import run_in_order
from micronas.model.net import Conv, Dense, Flatten, NetBuilder, SoftmaxLayer, shape_graph
from micronas.model.op_attributes import Softmax
from micronas.model.tflite.writer import write
from micronas.space.reference.random_weights import random_weights
from tests.support.host_c import SANITIZERS, WARNINGS
from tests.support.written_files import written

SPEC = LogMel(8000, window=240, hop=160, fft=256, bands=20, low_hz=20.0, high_hz=4000.0)
CLIP, FRAMES = 4000, 24
WORDS = FrontEndFile(
    SPEC.front_end,
    "spectrogram",
    (FRAMES, 20, 1),
    (0.0, 1.0),
    "classify",
    ("up", "down", "left", "right"),
    {},
)
MOTION = FrontEndFile(
    FrontEnd("stream", 1, {"columns": "ax,ay,*/", "hop": 4, "mean": [1, 2, 3], "spread": [1, 2, 4]}),
    "stream", (8, 1, 3), (-1.0, 1.0), "classify", ("walk", "run", "sit"), {},
)  # fmt: skip
SIGHTS = FrontEndFile(
    FrontEnd("image", 1, {"height": 12, "width": 16, "channels": 1, "divide_by": 255}),
    "image", (12, 16, 1), (0.0, 1.0), "classify", ("cat", "dog", "cup"), {},
)  # fmt: skip
PUMP = replace(MOTION, task="detect_anomalies", labels=("normal", "anomaly"))
MICRO_SPEC = Micro(8000, window=240, hop=160, bands=20, low_hz=125.0, high_hz=3750.0)
MICRO = replace(WORDS, front_end=MICRO_SPEC.front_end, input_range=(0.0, 26.0))
LOAD = replace(MOTION, task="regress", labels=())
QUANT = Quant((float(np.float32(1 / 255)),), (-128,))
MICRO_QUANT = Quant((float(np.float32(26 / 255)),), (-128,))


def network(file, seed, quant=QUANT):
    layers = (Conv(4, 3, 1, 2, 1), Flatten(), Dense(len(file.labels)), SoftmaxLayer())
    if file.task == "regress":
        layers = (Conv(4, 3, 1, 2, 1), Flatten(), Dense(1))
    elif file.task != "classify":
        layers = (Flatten(), Dense(8), Dense(int(np.prod(file.input_shape))))
    graph = random_weights(shape_graph(NetBuilder(file.input_shape).chain(*layers).build()), seed=seed)
    tensors = list(graph.tensors)
    tensors[graph.inputs[0]] = replace(tensors[graph.inputs[0]], quant=quant)
    if file.task != "classify":
        return replace(graph, tensors=tuple(tensors))
    certain = replace(graph.ops[-1], attrs=Softmax(beta=12.0))  # made-up weights answer close to the middle
    return replace(graph, tensors=tuple(tensors), ops=(*graph.ops[:-1], certain))


@pytest.fixture(scope="module")
def words():
    return network(WORDS, seed=9)


def quantized(x, quant):
    q = np.rint(x / np.float32(quant.scale[0])) + quant.zero_point[0]
    return np.clip(q, -128, 127).astype(np.int8)


def answers(graph, x, labels, quant=QUANT):
    q = quantized(x, quant)
    return [labels[i] for i in run_in_order(graph, [q])[0].reshape(len(x), -1).argmax(axis=1)]


def compiled(files, folder, compiler="gcc", flags=SANITIZERS):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not on PATH")
    written(files, folder)
    sources = [*folder.glob("src/*.[cS]"), folder / "example" / "main.c"]
    command = [compiler, *WARNINGS, "-Wpedantic", *flags, f"-I{folder / 'src'}", *sorted(map(str, sources))]
    built = subprocess.run(
        [*command, "-o", str(folder / "detect")], capture_output=True, text=True, timeout=240
    )
    assert built.returncode == 0, built.stderr[:3000]
    return folder / "detect"


def said(program, raw, *words):
    ran = subprocess.run([program, *map(str, words)], input=raw, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()[:3000]
    return [line.split() for line in ran.stdout.decode().splitlines()]


@pytest.fixture(scope="module")
def files(words):
    return library_files(words, name="kws", labels=WORDS.labels, front_end=WORDS)


@pytest.fixture(scope="module")
def program(files, tmp_path_factory):
    return compiled(files, tmp_path_factory.mktemp("kws"))


def test_the_example_prints_the_class_of_a_wav(words, program, tmp_path):
    rng = np.random.default_rng(1)
    found, expected = [], []
    for number in range(12):
        t = np.arange(CLIP) / SPEC.rate_hz
        sound = 20000 * np.sin(2 * np.pi * rng.uniform(50, 3900) * t) * np.exp(-rng.uniform(0, 20) * t)
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as file:
            file.setparams((1, 2, SPEC.rate_hz, CLIP, "NONE", ""))
            file.writeframes(sound.astype("<i2").tobytes())
        samples = read_audio(tmp_path / f"{number}.wav", SPEC.rate_hz)
        expected += answers(words, log_mel(samples[None], SPEC), WORDS.labels)
        (only,) = said(program, samples.astype("<i2").tobytes())
        found.append(only[1])
    assert found == expected
    assert len(set(found)) > 1


def test_a_longer_stream_is_decided_by_means(words, program):
    """Every fourth of an input is one run; a decision is the mean of three, and printed when it changes."""
    t = np.arange(2 * CLIP) / SPEC.rate_hz
    tones = [20000 * np.sin(2 * np.pi * hz * t) for hz in (100, 440, 1000, 3000)]
    stream = np.concatenate([*tones, np.zeros(2 * CLIP)]).astype(np.int16)
    frames = log_mel(stream[None], SPEC)[0]
    starts = range(0, len(frames) - FRAMES + 1, FRAMES // 4)
    q = quantized(np.stack([frames[s : s + FRAMES] for s in starts]), QUANT)
    outputs = run_in_order(words, [q])[0].reshape(len(q), -1).astype(int)
    expected, last = [], None
    for n, output in enumerate(outputs):
        expected.append(["now", WORDS.labels[output.argmax()]])
        mean = outputs[n - 2 : n + 1].mean(axis=0) if n >= 2 else np.full(4, -128.0)
        found = WORDS.labels[mean.argmax()] if mean.max() >= 0 else None  # a probability of one half
        expected += [["decided", found]] if found not in (None, last) else []
        last = found
    assert said(program, stream.astype("<i2").tobytes()) == expected
    assert ["decided"] in [line[:1] for line in expected]


def test_a_micro_front_end_goes_on_with_its_noise_estimate(tmp_path):
    graph = network(MICRO, seed=5, quant=MICRO_QUANT)
    files = library_files(graph, name="wake", labels=MICRO.labels, front_end=MICRO)
    program = compiled(files, tmp_path)
    assert not any("log_mel" in path or "real_fft" in path for path in files)
    t = np.arange(8 * CLIP) / MICRO_SPEC.rate_hz
    noise = np.random.default_rng(6).normal(0, 300, len(t))
    stream = (9000 * np.sin(2 * np.pi * (50 + 200 * t) * t) * (np.sin(5 * t) > 0) + noise).astype(np.int16)
    frames = micro_features(stream[None], MICRO_SPEC)[0]
    starts = range(0, len(frames) - FRAMES + 1, FRAMES // 4)
    expected = answers(graph, np.stack([frames[s : s + FRAMES] for s in starts]), MICRO.labels, MICRO_QUANT)
    lines = said(program, stream.astype("<i2").tobytes())
    assert [word for what, word in lines if what == "now"] == expected
    assert len(set(expected)) > 1


def test_a_sensor_stream_is_classified_from_its_raw_values(tmp_path):
    quant = Quant((0.01,), (3,))
    graph = network(MOTION, seed=1, quant=quant)
    program = compiled(library_files(graph, name="har", labels=MOTION.labels, front_end=MOTION), tmp_path)
    rng = np.random.default_rng(2)
    mean, spread = np.float32([1, 2, 3]), np.float32([1, 2, 4])
    rows = (mean + spread * rng.normal(0, 0.7, (200, 3))).astype(np.float32)
    lines = said(program, "\n".join(", ".join(f"{v:.9g}" for v in row) for row in rows).encode())
    windows = np.stack([rows[s : s + 8] for s in range(0, 193, 4)])[:, :, None, :]
    expected = answers(graph, (windows - mean) / spread, MOTION.labels, quant)
    assert [word for what, word in lines if what == "now"] == expected
    assert len(set(expected)) > 1


def test_raw_frames_are_shrunk_and_classified(tmp_path):
    image_module = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    graph = network(SIGHTS, seed=0)
    files = library_files(graph, name="eye", labels=SIGHTS.labels, front_end=SIGHTS)
    program = compiled(files, tmp_path)
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 256, (12, 4, 5, 3)).astype(np.uint8)
    frames = [image_module.fromarray(c).resize((41, 30)) for c in coarse]
    x = np.stack([pixels(frame, SIGHTS.input_shape) for frame in frames])
    expected = answers(graph, x, SIGHTS.labels)
    raw = b"".join(np.asarray(frame).tobytes() for frame in frames)
    assert [word for what, word in said(program, raw, 41, 30, 3) if what == "now"] == expected
    assert len(set(expected)) > 1
    ran = subprocess.run([program, "9", "30", "3"], input=raw, capture_output=True, timeout=60)
    assert ran.returncode == 2
    assert b"frames must have 16 to 4096 x 12 to 4096 pixels" in ran.stderr


def test_answers_below_the_threshold_and_of_unknown_classes_are_none_of_the_classes(words, tmp_path):
    """ "left" is declared unknown: it is never an answer, and never a decision."""
    t = np.arange(8 * CLIP) / SPEC.rate_hz
    stream = (20000 * np.sin(2 * np.pi * (50 + 300 * t) * t)).astype(np.int16)
    frames = log_mel(stream[None], SPEC)[0]
    starts = range(0, len(frames) - FRAMES + 1, FRAMES // 4)
    outputs = run_in_order(words, [quantized(np.stack([frames[s : s + FRAMES] for s in starts]), QUANT)])[0]
    outputs = outputs.reshape(len(starts), -1).astype(int)
    least = int(np.median(outputs.max(axis=1))) + 1
    output = words.tensors[words.outputs[0]].quant
    thresholds = {"accept": output.scale[0] * (least - output.zero_point[0])}
    front = replace(WORDS, thresholds=thresholds, unknown=("left",))
    files = library_files(words, name="kws", labels=WORDS.labels, front_end=front)
    assert f"MN_FRONT_END_KWS_ACCEPT ({least})" in files["src/mn_front_end_kws.h"]
    lines = said(compiled(files, tmp_path), stream.astype("<i2").tobytes())
    answers = [WORDS.labels[o.argmax()] for o in outputs]
    assert "left" in {a for a, o in zip(answers, outputs, strict=True) if o.max() >= least}
    expected = [a if o.max() >= least and a != "left" else "-" for a, o in zip(answers, outputs, strict=True)]
    assert ["decided", "left"] not in lines
    assert [word for what, word in lines if what == "now"] == expected
    assert 0 < expected.count("-") < len(expected)


def test_anomalies_are_found_by_the_error_of_a_reconstruction(tmp_path):
    quant = Quant((0.01,), (3,))
    graph = network(PUMP, seed=4, quant=quant)
    rng = np.random.default_rng(6)
    mean, spread = np.float32([1, 2, 3]), np.float32([1, 2, 4])
    rows = (mean + spread * rng.normal(0, np.linspace(0.1, 0.9, 200)[:, None], (200, 3))).astype(np.float32)
    windows = np.stack([rows[s : s + 8] for s in range(0, 193, 4)])[:, :, None, :]
    q = quantized((windows - mean) / spread, quant)
    made = graph.tensors[graph.outputs[0]].quant
    real = (run_in_order(graph, [q])[0].reshape(len(q), -1).astype(float) - made.zero_point[0]) * made.scale[
        0
    ]
    errors = ((real - (q.reshape(len(q), -1).astype(float) - 3) * 0.01) ** 2).mean(axis=1)
    least = float(np.sort(errors)[30] + np.sort(errors)[31]) / 2
    files = library_files(graph, name="pump", front_end=replace(PUMP, thresholds={"anomaly": least}))
    text = "\n".join(" ".join(f"{v:.9g}" for v in row) for row in rows).encode()
    lines = [line for line in said(compiled(files, tmp_path), text) if line[0] == "now"]
    assert [word for _, word, _ in lines] == ["anomaly" if e >= least else "normal" for e in errors]
    assert np.allclose([float(e) for _, _, e in lines], errors, rtol=0.02, atol=1e-4)


def test_a_regression_prints_its_prediction_in_the_unit_of_the_target(tmp_path):
    quant, target = Quant((0.01,), (3,)), RegressionTarget('lo"ad */', "N", 1000.0, 2.5)
    graph = network(LOAD, seed=4, quant=quant)
    files = library_files(graph, name="load", front_end=replace(LOAD, target=target))
    assert not any("smoothing" in path or "anomaly" in path for path in files)
    assert json.loads(files["manifest.json"])["front_end"]["target"]["spread"] == 2.5
    rng = np.random.default_rng(6)
    mean, spread = np.float32([1, 2, 3]), np.float32([1, 2, 4])
    rows = (mean + spread * rng.normal(0, 0.7, (60, 3))).astype(np.float32)
    windows = np.stack([rows[s : s + 8] for s in range(0, 53, 4)])[:, :, None, :]
    made = graph.tensors[graph.outputs[0]].quant
    q = run_in_order(graph, [quantized((windows - mean) / spread, quant)])[0].reshape(-1).astype(float)
    expected = (q - made.zero_point[0]) * made.scale[0] * 2.5 + 1000
    text = "\n".join(" ".join(f"{v:.9g}" for v in row) for row in rows).encode()
    lines = said(compiled(files, tmp_path), text)
    assert {(*line[:2], line[3]) for line in lines} == {('lo"ad', "*/", "N")}
    assert np.allclose([float(line[2]) for line in lines], expected, atol=0.01)  # printed to six digits
    assert len(set(expected)) > 3


@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M3, Core.M4F], ids=lambda core: core.name)
def test_the_example_compiles_for_a_microcontroller(core, files, tmp_path):
    compiled(files, tmp_path, "arm-none-eabi-gcc", (*core.compiler_flags, "-O2", "--specs=nosys.specs"))


def test_the_manifest_holds_the_definition_and_its_bytes(words):
    files = library_files(words, name="kws", labels=WORDS.labels, front_end=WORDS)
    front = json.loads(files["manifest.json"])["front_end"]
    assert {key: front[key] for key in to_json(WORDS)} == json.loads(json.dumps(to_json(WORDS)))
    # tables: cosines 65, half a window 121, rises; one window, the frames of an input, and the state
    assert front["c"]["buffer_bytes"] == 2 * 240 + 24 * 20 + 24
    assert front["c"]["scratch_bytes"] == 4 * (256 + 20)
    assert json.loads(library_files(words, name="kws")["manifest.json"])["front_end"] is None


def test_without_c_for_a_front_end_the_library_says_why(words):
    other = replace(WORDS, front_end=FrontEnd("theirs", 3))
    files = library_files(words, name="kws", labels=WORDS.labels, front_end=other)
    front = json.loads(files["manifest.json"])["front_end"]
    assert front["c"] is None
    assert front["why_no_c"].startswith("front end theirs version 3 has no C")
    assert not [path for path in files if "front_end" in path or path.startswith("example/")]


def test_export_finds_the_file_beside_the_network(words, tmp_path):
    best = tmp_path / "best"
    best.mkdir()
    (best / "model.tflite").write_bytes(write(words))
    (best / "labels.txt").write_text("\n".join(WORDS.labels) + "\n")
    (best / FILE_NAME).write_text(json.dumps(to_json(WORDS)))
    folder = mn.export(best / "model.tflite", tmp_path / "lib", name="kws")
    assert (folder / "src" / "mn_front_end_kws.c").is_file()
    assert (folder / "example" / "main.c").is_file()
    (best / FILE_NAME).write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        mn.export(best / "model.tflite", tmp_path / "again")
