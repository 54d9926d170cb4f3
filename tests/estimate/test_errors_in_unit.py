"""Errors of a regression in the unit of its target, from an int8 file, with intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data import DataKind, Dataset, DataSplit, FrontEnd, SealedTest, Task
from micronas.estimate.errors_in_unit import mean_errors, predictions, target_errors
from micronas.estimate.full import estimate
from micronas.estimate.target_errors import target_errors_from_json
from micronas.model.front_end import RegressionTarget
from micronas.model.tflite import read_bytes
from micronas.space.mlp import MlpArch, MlpLimits, MlpSpace
from micronas.train.settings import TrainSettings

OFFSET, SCALE = 1000.0, 50.0


def made(count: int, seed: int) -> DataSplit:
    """Inputs (4,) in -1..1; the target is far from zero, a weighted sum, with a little noise."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (count, 4, 1, 1)).astype(np.float32)
    targets = OFFSET + SCALE * (x[:, :, 0, 0] @ [0.5, -0.3, 0.2, 0.1]) + rng.normal(0, 0.5, count)
    return DataSplit(x, np.zeros(count, np.int64), np.arange(count) // 10, (), targets)


def dataset() -> Dataset:
    train = made(400, 0)
    assert train.targets is not None
    return Dataset(
        name="sum",
        kind=DataKind.STREAM,
        train=train,
        validation=made(100, 1),
        test=SealedTest(made(100, 2)),
        class_names=(),
        input_range=(-1.0, 1.0),
        front_end=FrontEnd("none", 1),
        task=Task.REGRESS,
        group_names=tuple(map(str, range(10))),
        target=RegressionTarget("load", "N", float(train.targets.mean()), float(train.targets.std())),
    )


@pytest.fixture(scope="module")
def trained() -> tuple[Dataset, bytes, dict[str, float]]:
    data = dataset()
    net = MlpSpace((4, 1, 1), 1, MlpLimits()).build(MlpArch((16,)))
    found = estimate(net, DataConfig(), TrainSettings(epochs=10), 0, dataset=data)
    assert found.mae is not None
    assert found.rmse is not None
    figures = {"mae": found.mae, "rmse": found.rmse, "r2": found.quality_int8, "float": found.quality_float}
    return data, found.tflite, figures


def by_definition(data: Dataset, tflite: bytes) -> tuple[float, float, float]:
    """MAE, RMSE, R2 of one sample at a time, by the file's own scales and nothing of ``estimate``."""
    graph, target = read_bytes(tflite, "a test"), data.target
    assert target is not None
    assert data.validation.targets is not None
    from micronas.model.interpreter import run_batch

    given, made_of = graph.tensors[graph.inputs[0]].quant, graph.tensors[graph.outputs[0]].quant
    assert given is not None
    assert made_of is not None
    errors = []
    for x, wanted in zip(data.validation.x, data.validation.targets, strict=True):
        q = np.clip(np.rint(x / np.float32(given.scale[0])) + given.zero_point[0], -128, 127).astype(np.int8)
        out = run_batch(graph, [q[np.newaxis]])[0].reshape(-1)
        real = (int(out[0]) - made_of.zero_point[0]) * made_of.scale[0]
        errors.append(real * target.spread + target.mean - wanted)
    squares = float(np.mean(np.square(errors)))
    r2 = 1 - squares / float(data.validation.targets.var())
    return float(np.mean(np.abs(errors))), squares**0.5, r2


def test_an_int8_regression_far_from_zero_is_trained_and_scored_in_its_unit(
    trained: tuple[Dataset, bytes, dict[str, float]],
) -> None:
    data, tflite, figures = trained
    mae, rmse, r2 = by_definition(data, tflite)
    assert figures["mae"] == pytest.approx(mae, rel=1e-4)
    assert figures["rmse"] == pytest.approx(rmse, rel=1e-4)
    assert figures["r2"] == pytest.approx(r2, abs=1e-4)
    assert figures["float"] > 0.9
    assert r2 > 0.9  # an output in the unit would have steps of OFFSET / 255, a fifth of the spread


def test_errors_of_a_split_have_intervals_over_groups_or_samples(
    trained: tuple[Dataset, bytes, dict[str, float]],
) -> None:
    data, tflite, figures = trained
    found = target_errors(tflite, data, data.validation)
    assert found is not None
    assert (found.target, found.unit, found.samples) == ("load", "N", 100)
    assert (found.mae, found.rmse) == (pytest.approx(figures["mae"]), pytest.approx(figures["rmse"]))
    assert found.r2 == pytest.approx(figures["r2"], abs=1e-6)
    assert found.mae_interval.low < found.mae < found.mae_interval.high
    assert found.rmse_interval.low < found.rmse < found.rmse_interval.high
    assert found.r2_interval.low < found.r2 < found.r2_interval.high
    assert found.mae_interval.method == "bootstrap over 10 groups"
    assert found.constant_rmse > 5 * found.rmse
    assert found == target_errors(tflite, data, data.validation)
    assert target_errors_from_json(found.to_json()) == found
    alone = target_errors(tflite, replace(data, group_names=()), data.validation)
    assert alone is not None
    assert alone.mae_interval.method == "bootstrap over 100 samples"


def test_the_interval_of_a_mean_of_many_samples_is_the_normal_one(
    trained: tuple[Dataset, bytes, dict[str, float]],
) -> None:
    data, tflite, _ = trained
    found = target_errors(tflite, replace(data, group_names=()), data.validation)
    assert found is not None
    assert data.target is not None
    assert data.validation.targets is not None
    predicted = predictions(read_bytes(tflite, "a test"), data.target, data.validation.x)
    errors = np.abs(predicted - data.validation.targets)
    reach = 1.96 * errors.std() / 10  # of the mean of 100 samples
    assert found.mae_interval.high - found.mae_interval.low == pytest.approx(2 * reach, rel=0.15)
    assert mean_errors(predicted, data.validation.targets)[0] == pytest.approx(errors.mean())


def test_classes_have_no_such_errors(trained: tuple[Dataset, bytes, dict[str, float]]) -> None:
    data, tflite, _ = trained
    assert target_errors(tflite, replace(data, target=None), data.validation) is None
