"""Anomaly detection by reconstruction error: data, figure of merit, space, and training to the int8 file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronas.config import DataConfig, SpaceConfig, parse_config
from micronas.data import Task, load
from micronas.data.split import TEST, TRAIN, VALIDATION, Fractions, one_class
from micronas.errors import ConfigError, DataError, SpaceError
from micronas.model.net import Dense, Flatten
from micronas.search import prepare
from micronas.space import make_space
from micronas.space.autoencoder import AutoencoderSpace
from micronas.space.mlp import MlpArch, MlpLimits
from micronas.train.auc import auc
from micronas.train.quality import quality, reconstruction_errors

VIBRATION = DataConfig(name="vibration")


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[int, bool]]) -> None:
    ours = [score for score, positive in pairs if positive]
    others = [score for score, positive in pairs if not positive]
    if not ours or not others:
        with pytest.raises(DataError, match="both classes"):
            auc(*zip(*pairs, strict=True))
        return
    wins = sum((a > b) + 0.5 * (a == b) for a in ours for b in others)
    assert auc(*zip(*pairs, strict=True)) == pytest.approx(wins / (len(ours) * len(others)))


def test_what_is_reconstructed_worse_is_the_anomaly() -> None:
    x = np.random.default_rng(0).random((6, 4, 1, 1)).astype(np.float32)
    y = np.array([0, 1, 0, 2, 0, 1])
    outputs = x.reshape(6, 4) + (0.1 * (y > 0)[:, np.newaxis]).astype(np.float32)
    assert reconstruction_errors(outputs, x) == pytest.approx(0.01 * (y > 0), abs=1e-6)
    assert quality(Task.DETECT_ANOMALIES, outputs, x, y) == 1.0
    assert quality(Task.DETECT_ANOMALIES, x.reshape(6, 4), x, y) == 0.5
    assert quality(Task.CLASSIFY, np.eye(3, dtype=np.float32)[[0, 1, 1]], x[:3], y[:3]) == pytest.approx(
        2 / 3
    )


def test_only_normal_samples_are_trained_on_and_faults_are_halved() -> None:
    y = np.repeat([0, 1, 2], [100, 20, 11])
    parts = one_class(y, Fractions(0.15, 0.15), seed=3)
    assert [int(np.sum(parts[y == 0] == part)) for part in (TRAIN, VALIDATION, TEST)] == [70, 15, 15]
    assert not np.any(parts[y > 0] == TRAIN)
    assert sorted(np.bincount(parts[y == 1])[1:]) == [10, 10]
    assert sorted(np.bincount(parts[y == 2])[1:]) == [5, 6]
    assert not np.array_equal(parts, one_class(y, Fractions(0.15, 0.15), seed=4))


def test_vibration_is_always_the_same_and_says_that_it_is_made_up() -> None:
    data, again = load(VIBRATION), load(VIBRATION)
    assert data.task is Task.DETECT_ANOMALIES
    assert data.input_shape == (64, 1, 1)
    assert np.array_equal(data.train.x, again.train.x)
    assert set(data.train.y) == {0}
    assert np.bincount(data.validation.y)[1] == 150
    assert data.majority_baseline == 0.5
    assert any("made up by a formula" in note for note in data.notes)
    # Faults are neither told apart by a glance nor hidden: distance from the mean spectrum gets most of them.
    mean = data.train.x.mean(axis=0)
    far = ((data.validation.x - mean) ** 2).mean(axis=(1, 2, 3))
    assert 0.7 < auc(far, data.validation.y != 0) < 0.95


def test_own_arrays_have_a_normal_class_by_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path, y = tmp_path / "own.npz", np.repeat([0, 1, 2], [6, 40, 6])
    np.savez(path, x=rng.random((52, 8, 2)).astype(np.float32), y=y, names=["worn", "good", "broken"])
    options: dict[str, bool | int | str] = {"kind": "stream", "classes": "names", "normal": "good"}
    data = load(DataConfig(name="npz", path=path, options=options))
    assert data.task is Task.DETECT_ANOMALIES
    assert data.class_names == ("normal", "anomaly")
    assert (len(data.train), set(data.train.y)) == (28, {0})
    assert np.bincount(data.validation.y).tolist() == [6, 6]
    with pytest.raises(DataError, match="no class 'fine'"):
        load(DataConfig(name="npz", path=path, options={**options, "normal": "fine"}))
    with pytest.raises(DataError, match="does not go with 'groups'"):
        load(DataConfig(name="npz", path=path, options={**options, "groups": "y"}))


def test_an_autoencoder_mirrors_its_encoder_and_ends_linear() -> None:
    space = AutoencoderSpace((64, 1, 1), 2, MlpLimits(1, 4, 4, 64))
    net = space.net(MlpArch((32, 16, 8)))
    layers = [node.layer for node in net.nodes[1:]]
    assert isinstance(layers[0], Flatten)
    dense = [layer for layer in layers if isinstance(layer, Dense)]
    assert [layer.units for layer in dense] == [32, 16, 8, 16, 32, 64]
    assert net.output_shape == (64,)
    assert not dense[-1].batch_norm
    # 64*32 + 32*16 + 16*8 both ways, and a bias each
    assert net.parameters == 2 * (64 * 32 + 32 * 16 + 16 * 8) + 32 + 16 + 8 + 16 + 32 + 64


def test_the_space_is_closed_under_its_verbs() -> None:
    space = make_space(SpaceConfig(name="autoencoder", max_blocks=4), (64, 1, 1), 2)
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = space.sample(rng), space.sample(rng)
        for arch in (a, space.mutate(a, rng), space.crossover(a, b, rng), *space.neighbours(a)[:5]):
            assert space.from_json(space.to_json(arch)) == arch
            assert space.net(arch).output_shape == (64,)
    assert len({space.key(arch) for arch in space.baselines()}) == len(space.baselines())
    with pytest.raises(SpaceError, match=r"hidden\[0\]"):
        space.net(MlpArch((5, 8)))


@pytest.mark.parametrize(
    ("data", "space", "message"),
    [
        ("vibration", "mlp", "space mlp names classes, and data set vibration is for anomaly detection"),
        (
            "digits",
            "autoencoder",
            "space autoencoder reconstructs its input, and data set digits is labelled",
        ),
    ],
)
def test_a_space_that_does_not_do_what_the_data_ask_is_refused(data: str, space: str, message: str) -> None:
    config = parse_config(
        {"board": "nucleo_f446re", "data": {"name": data}, "space": {"name": space}, "device": "none"}
    )
    with pytest.raises(ConfigError, match=message):
        prepare(config)


def test_a_trained_autoencoder_finds_faults_in_int8_as_in_float() -> None:
    pytest.importorskip("tensorflow")
    from micronas.estimate.accuracy import dequantized, input_quant, int8_quality, quantized
    from micronas.estimate.full import estimate
    from micronas.model.interpreter import run_batch
    from micronas.model.tflite import read_bytes
    from micronas.train.settings import TrainSettings

    data = load(VIBRATION)
    space = make_space(SpaceConfig(name="autoencoder"), data.input_shape, data.n_classes)
    settings = TrainSettings(epochs=60, patience=60)
    found = estimate(space.net(MlpArch((64, 8))), VIBRATION, settings, seed=0)
    assert found.quality_float > 0.9
    assert found.quality_int8 == pytest.approx(found.quality_float, abs=0.03)
    assert len(found.curve) == 60
    graph = read_bytes(found.tflite, "net")
    x, y = data.validation.x, data.validation.y
    inputs = quantized(x, input_quant(graph))
    output = graph.tensors[graph.outputs[0]].quant
    assert output is not None
    outputs = dequantized(run_batch(graph, [inputs])[0], output)
    errors = ((outputs - x.reshape(len(x), -1)) ** 2).mean(axis=1)
    by_definition = np.mean([a > b for a in errors[y == 1] for b in errors[y == 0]])
    assert int8_quality(found.tflite, data.task, x, y) == pytest.approx(by_definition, abs=1e-3)
    assert found.quality_int8 == int8_quality(found.tflite, data.task, x, y)
