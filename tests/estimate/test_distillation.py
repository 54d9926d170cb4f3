"""Distillation and quantization-aware training as options of the final fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.config import DataConfig, parse_config
from micronas.config.schema import TrainingConfig
from micronas.data import Task, load
from micronas.errors import ConfigError, SearchError, TrainError
from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer
from micronas.search.final.teacher import teacher_of
from micronas.store import Record
from micronas.trial import Outcome, Scores, Trial

pytest.importorskip("tensorflow")

import tensorflow as tf

from micronas.estimate.distillation import (
    SHARE,
    TEMPERATURE,
    Teacher,
    distilled,
    keras_teacher,
    require_classes,
    trial_teacher,
)
from micronas.estimate.final_fit import FinalSettings, final_fit
from micronas.train.keras_file import save_keras, weights_to_bytes
from micronas.train.objectives import smoothed_cross_entropy
from micronas.train.weights import initial_weights

DIGITS = DataConfig(name="digits")


@pytest.fixture(scope="module")
def net():
    builder = NetBuilder((8, 8, 1))
    return builder.chain(Conv(8, 3, 3, 2, 2), GlobalAveragePool(), Dense(10), SoftmaxLayer()).build()


def softmax(values):
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_the_loss_is_half_the_usual_and_half_the_teachers():
    rng = np.random.default_rng(0)
    logits, theirs = rng.normal(size=(2, 5, 3)).astype(np.float32)
    y = np.array([0, 1, 2, 0, 1], np.int32)
    loss = distilled(smoothed_cross_entropy(3, 0.0), Teacher("t", lambda x: tf.constant(theirs)))
    hard = -np.mean(np.log(softmax(logits)[np.arange(5), y]))
    soft = -np.mean(np.sum(softmax(theirs / 2) * np.log(softmax(logits / 2)), axis=1))
    wanted = (1 - SHARE) * hard + SHARE * TEMPERATURE**2 * soft
    assert float(loss(tf.zeros((5, 1)), y, logits)) == pytest.approx(wanted, rel=1e-5)


def test_both_options_say_what_they_did_and_repeat_exactly(net):
    teacher = trial_teacher(4, net, weights_to_bytes(initial_weights(net, 3)))
    settings = FinalSettings(epochs=3, qat=True, augment=0.0)
    found, again = (final_fit(net, DIGITS, settings, 0, teacher=teacher) for _ in range(2))
    assert found.training.startswith("distilled from trial 4; quantization-aware training ")
    assert found.tflite == again.tflite
    assert found.weights
    plain = final_fit(net, DIGITS, replace(settings, qat=False), 0)
    assert plain.training == ""
    assert plain.tflite != found.tflite


def test_a_keras_file_teaches_what_it_computes(net, tmp_path):
    path, dataset = tmp_path / "teacher.keras", load(DIGITS)
    weights = weights_to_bytes(initial_weights(net, 3))
    save_keras(net, weights, path)
    x = tf.constant(dataset.validation.x[:7])
    of_file, of_trial = keras_teacher(path, dataset), trial_teacher(4, net, weights)
    assert of_file.name == "teacher.keras"
    np.testing.assert_allclose(
        tf.nn.softmax(of_file.logits(x)).numpy(), tf.nn.softmax(of_trial.logits(x)).numpy(), atol=1e-5
    )
    with pytest.raises(TrainError, match=r"maps \(8, 8, 1\) to \(10,\), the data need \(8, 8, 1\) to \(3,\)"):
        keras_teacher(path, replace(dataset, class_names=("a", "b", "c")))


def test_distillation_needs_classes():
    with pytest.raises(TrainError, match=r"training\.distill needs classes"):
        require_classes(replace(load(DIGITS), task=Task.DETECT_ANOMALIES))


class Weights:
    """A store that kept the weights of some trials."""

    def __init__(self, kept):
        self._kept = kept

    def weights(self, number):
        return b"w%d" % number if number in self._kept else None


def record(number, of_float, outcome=Outcome.COMPLETE):
    scores = Scores(0.5, of_float, 1, 1, 1, 1, None, 0.5, 1, 1.0) if outcome is Outcome.COMPLETE else None
    return Record(Trial(number, [number], "k", outcome, scores), {})


def test_the_teacher_is_the_trial_with_the_best_float_network_that_was_kept():
    records = [record(0, 0.8), record(1, 0.9), record(2, 0.95), record(3, 0.99, Outcome.FAILED)]
    on = TrainingConfig(distill="finalists")
    assert teacher_of(TrainingConfig(), records, Weights({1})) is None
    assert teacher_of(on, records, Weights({0, 1, 2})).trial == 2
    assert teacher_of(on, records, Weights({0, 1})).weights == b"w1"
    with pytest.raises(SearchError, match="kept the weights of no trial"):
        teacher_of(on, records, Weights(set()))
    with pytest.raises(SearchError, match=r"no/such\.keras: no such file"):
        teacher_of(TrainingConfig(distill="finalists", teacher=Path("no/such.keras")), records, Weights({0}))


def test_off_is_written_without_quotes_in_yaml():
    assert parse_config({"training": {"qat": False, "distill": "finalists"}}).training.qat == "off"
    with pytest.raises(ConfigError, match="teacher is given, but distill is off"):
        parse_config({"training": {"teacher": "a.keras"}})
    with pytest.raises(ConfigError, match=r"training\.qat"):
        parse_config({"training": {"qat": True}})
