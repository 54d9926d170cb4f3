"""A regression on a stand-in for a device: errors in the unit of the target, and data that do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.cli.accuracy import print_accuracy
from micronas.config import DataConfig
from micronas.data.evaluation import evaluation
from micronas.data.front_end.file import front_end_file
from micronas.deploy.device_accuracy import compare, stream_features, with_learned_target
from micronas.deploy.device_accuracy.run import require_fits
from micronas.device.client import Client
from micronas.errors import DataError
from micronas.estimate.accuracy import input_quant, quantized
from micronas.model.front_end import RegressionTarget
from micronas.model.interpreter import run_in_order
from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, shape_graph
from micronas.space.reference.random_weights import random_weights
from micronas.trial import Source
from tests.support.raw_device import RawDevice


def network(outputs: int):
    layers = (Conv(4, 3, 1, 2, 1), GlobalAveragePool(), Dense(outputs))
    return random_weights(shape_graph(NetBuilder((100, 1, 3)).chain(*layers).build()), seed=3)


GRAPH = network(1)


@pytest.fixture(scope="module")
def given():
    return evaluation(DataConfig(name="walking_speed"), "validation", 12, "")


def on_device(given):
    sent = quantized(given.chosen.x, input_quant(GRAPH))
    streamed = stream_features(Client(RawDevice(GRAPH)), sent, has_states=False, deadline_s=60.0)
    return compare(GRAPH, given, streamed, Source.EMULATED, raw=False)


def test_errors_of_device_and_host_are_equal_and_in_the_unit(given, capsys) -> None:
    found, target = on_device(given), given.dataset.target
    q = run_in_order(GRAPH, [quantized(given.chosen.x, input_quant(GRAPH))])[0].reshape(-1)
    quant = GRAPH.tensors[GRAPH.outputs[0]].quant
    kmh = (q.astype(float) - quant.zero_point[0]) * quant.scale[0] * target.spread + target.mean
    apart = kmh - given.chosen.targets
    errors = found.errors
    assert errors.device_mae == errors.host_mae == pytest.approx(np.abs(apart).mean(), rel=1e-6)
    assert errors.device_rmse == errors.host_rmse == pytest.approx(np.sqrt((apart**2).mean()), rel=1e-6)
    assert found.device == found.host
    assert (found.figure, found.answers_apart, found.device_confusion) == ("R2", None, None)
    assert found.to_json()["errors"]["unit"] == "km/h"
    print_accuracy(found, "as asked for")
    said = capsys.readouterr().out
    assert (
        f"MAE       {errors.device_mae:.4g} km/h on the device, {errors.host_mae:.4g} km/h on the host"
        in said
    )
    assert "confusion" not in said


def test_the_scaling_is_the_one_that_the_network_learned(given) -> None:
    file = front_end_file(given.dataset)
    later = replace(given, dataset=replace(given.dataset, target=RegressionTarget("speed", "km/h", 5.0, 1.0)))
    assert with_learned_target(later, file).dataset.target == given.dataset.target
    assert on_device(with_learned_target(later, file)).errors == on_device(given).errors
    assert with_learned_target(later, None) is later


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (RegressionTarget("force", "N", 0.0, 1.0), "predicts force in N, and the data hold speed in km/h"),
        (None, "predicts no number, and the data hold speed in km/h"),
    ],
    ids=["force", "classes"],
)
def test_a_network_for_something_else_is_refused(given, target: RegressionTarget | None, said: str) -> None:
    with pytest.raises(DataError, match=said):
        with_learned_target(given, replace(front_end_file(given.dataset), target=target))


def test_a_network_of_several_outputs_is_refused(given) -> None:
    with pytest.raises(DataError, match="the data have one target, but the network has 2 outputs"):
        require_fits(network(2), given)
