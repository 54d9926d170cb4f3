"""A user's own float model, in every form that is taken: the int8 file agrees with it, by TFLite itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from typer.testing import CliRunner

import micronas as mn
from micronas.cli.app import app
from micronas.errors import ModelError, QuantizeError
from micronas.model.tflite import read_bytes
from micronas.quantize.keras_model import convert_keras

pytestmark = pytest.mark.slow

FORMS = ("model.keras", "model.h5", "saved", "one_sample")
"""``one_sample`` is a SavedModel whose graph takes one sample only: converters write such ones."""


@pytest.fixture(scope="module")
def x() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).random((60, 28, 28, 1), np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """One small network, and the folder that holds it in every form."""
    tf = pytest.importorskip("tensorflow")
    keras = tf.keras
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
    folder = tmp_path_factory.mktemp("models")
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    model.export(folder / "saved", verbose=False)
    module = tf.Module()
    module.model = model

    @tf.function(input_signature=[tf.TensorSpec([1, 28, 28, 1], tf.float32, name="x")])
    def call(x: Any) -> Any:
        return {"y": tf.reshape(model(x), [1, 3])}

    tf.saved_model.save(module, str(folder / "one_sample"), signatures=call)
    return model, folder


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_an_int8_file_that_agrees(
    form: str, models: tuple[Any, Path], x: np.ndarray[Any, Any]
) -> None:
    model, folder = models
    converted = convert_keras(str(folder / form), x)
    wanted = np.asarray(model(x))
    made, output_scale = outputs(converted.tflite, x)
    assert np.abs(made - wanted).max() < 4 * output_scale
    assert converted.samples == 60
    assert converted.same_answers == pytest.approx(np.mean(made.argmax(1) == wanted.argmax(1)), abs=0.02)


def test_the_verbs_take_a_keras_file_with_the_data_that_calibrate_it(
    models: tuple[Any, Path], tmp_path: Path
) -> None:
    keras_file, tflite = str(models[1] / "model.keras"), str(tmp_path / "own.tflite")
    with_data = ("--data", "mnist5k", "--board", "nucleo_f446re")
    run = CliRunner().invoke
    done = run(app, ["convert", keras_file, "--data", "mnist5k", "--out", tflite])
    assert done.exit_code == 0, done.output
    assert "int8 throughout" in done.output
    fits = run(app, ["check", keras_file, *with_data])
    assert fits.exit_code == 0, fits.output
    assert fits.output == run(app, ["check", tflite, "--board", "nucleo_f446re"]).output
    assert (
        run(app, ["export", keras_file, "--data", "mnist5k", "--out", str(tmp_path / "lib")]).exit_code == 0
    )
    with pytest.raises(mn.MicronasError, match="converted to int8 first, which needs samples"):
        mn.check(keras_file, board="nucleo_f446re")


def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path, x: np.ndarray[Any, Any]) -> None:
    (tmp_path / "bad.keras").write_text("no model")
    (tmp_path / "empty").mkdir()
    for name in ("bad.keras", "empty", "gone.keras"):
        with pytest.raises(ModelError):
            convert_keras(str(tmp_path / name), x)


@pytest.mark.parametrize(
    ("layer", "seed", "stacked"),
    [("LSTM", 4, False), ("LSTM", 12, False), ("GRU", 1, False), ("GRU", 2, True)],
)
def test_recurrent_layers_are_unrolled_and_windows_may_have_micronas_form(
    layer: str, seed: int, stacked: bool
) -> None:
    """Also in a wrapper, with a batch of 1 and dropout, and below another; the layer stays as it was.

    The converter left a SPLIT of the gates in float: in an LSTM with some weights only, such as these. The
    sequence that a layer passes to the next is packed.
    """
    tf = pytest.importorskip("tensorflow")
    layers = tf.keras.layers
    tf.keras.utils.set_random_seed(seed)
    windows = np.random.default_rng(1).normal(size=(20, 3, 1, 2)).astype(np.float32)
    recurrent = getattr(layers, layer)(2, return_sequences=stacked, dropout=0.5)
    stack = [recurrent, layers.SimpleRNN(2)] if stacked else [layers.Bidirectional(recurrent)]
    model = tf.keras.Sequential([tf.keras.Input(batch_shape=(1, 3, 2)), *stack, layers.Dense(2)])
    converted = convert_keras(model, windows)
    kinds = {op.kind for op in read_bytes(converted.tflite, "recurrent").ops}
    assert {"FULLY_CONNECTED", "TANH", *(["PACK"] if stacked else [])} <= kinds
    assert converted.same_answers > 0.8
    kept = recurrent if stacked else model.layers[0].forward_layer
    assert kept.unroll is False
    assert (kept.cell.implementation, kept.cell.dropout) == (2, 0.5)


def test_a_layer_that_keeps_its_state_is_refused_by_name() -> None:
    tf = pytest.importorskip("tensorflow")
    layer = tf.keras.layers.LSTM(2, stateful=True, name="memory")
    model = tf.keras.Sequential([tf.keras.Input(batch_shape=(1, 3, 2)), layer])
    windows = np.zeros((20, 3, 2), np.float32)
    with pytest.raises(QuantizeError, match="layer memory keeps its state between calls"):
        convert_keras(model, windows)


@pytest.mark.exhaustive
def test_the_remedy_for_a_recurrent_saved_model_works(tmp_path: Path) -> None:
    """A SavedModel's layers are compiled into it, so they cannot be unrolled afterwards."""
    tf = pytest.importorskip("tensorflow")
    tf.keras.utils.set_random_seed(3)
    samples = np.random.default_rng(1).normal(size=(20, 3, 2)).astype(np.float32)
    for name, options in (("rolled", {}), ("as_the_remedy_says", {"unroll": True, "implementation": 1})):
        model = tf.keras.Sequential(
            [tf.keras.Input((3, 2)), tf.keras.layers.GRU(2, **options), tf.keras.layers.Dense(2)]
        )
        model.export(str(tmp_path / name), verbose=False)
    with pytest.raises(QuantizeError) as refused:
        convert_keras(tmp_path / "rolled", samples)
    assert "unroll=True, and LSTM and GRU also with implementation=1" in (refused.value.remedy or "")
    assert convert_keras(tmp_path / "as_the_remedy_says", samples).relative_error < 0.2


def test_a_loop_in_the_graph_is_refused_instead_of_crashing_the_converter(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([1, 4, 3], tf.float32, name="x")])
    def call(x: Any) -> Any:
        total = tf.zeros((1, 3))
        for i in tf.range(4):
            total = tf.tanh(total + x[:, i])
        return {"y": total}

    tf.saved_model.save(module, str(tmp_path / "loop"), signatures=call)
    samples = np.random.default_rng(1).normal(size=(10, 4, 3)).astype(np.float32)
    with pytest.raises(QuantizeError, match="repeats a part of itself at run time") as refused:
        convert_keras(str(tmp_path / "loop"), samples)
    assert "unroll=True" in (refused.value.remedy or "")


def outputs(tflite: bytes, x: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], float]:
    """The real outputs by TFLite's own interpreter, and their scale."""
    interpreter = Interpreter(model_content=tflite)
    interpreter.allocate_tensors()
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    (in_scale, in_zero), (scale, zero) = given["quantization"], made["quantization"]
    rows = []
    for sample in x:
        q = np.clip(np.rint(sample / np.float32(in_scale)) + in_zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(given["index"], q[np.newaxis])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(made["index"])[0])
    return (np.array(rows, np.float32) - zero) * scale, float(scale)
