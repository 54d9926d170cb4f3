"""Training: learns, repeats, stops in time, keeps the best, refuses NaN."""

import dataclasses
import re

import numpy as np
import pytest

from micronas.config import DataConfig, EstimatorConfig
from micronas.data import load
from micronas.errors import TrainError
from micronas.model.net import Conv, Dense, DepthwiseConv, GlobalAveragePool, NetBuilder, SoftmaxLayer
from micronas.train.settings import TrainSettings, learning_rates
from micronas.train.time_limit import TimeLimit
from tests.support import suspended_training

tf = pytest.importorskip("tensorflow")

from micronas.train import train as training  # noqa: E402
from micronas.train.evaluate import SplitEvaluator  # noqa: E402
from micronas.train.loop import TrainLoop, supervised  # noqa: E402
from micronas.train.objectives import class_weights_of, smoothed_cross_entropy  # noqa: E402
from micronas.train.tf_model import TfModel  # noqa: E402

QUICK = TrainSettings(epochs=10, batch_size=32, learning_rate=0.03)


@pytest.fixture(scope="module")
def digits():
    return load(DataConfig(name="digits"))


@pytest.fixture(scope="module")
def net():
    builder = NetBuilder((8, 8, 1))
    builder.chain(Conv(8, 3, 3), DepthwiseConv(3, 3, 2, 2), Conv(16, 1, 1), GlobalAveragePool(), Dense(10))
    return builder.chain(SoftmaxLayer()).build()


@pytest.fixture(scope="module")
def trained(net, digits):
    return training.train(net, digits, QUICK, seed=1)


def test_a_small_network_learns_digits(trained, digits):
    assert trained.accuracy > 0.8 > 3 * digits.majority_baseline
    assert trained.epochs == 10
    assert 0 < 10 * trained.epoch_cpu_s < trained.cpu_s
    losses = [epoch.train_loss for epoch in trained.history]
    assert losses[-1] < 0.6 * losses[0]


def test_equal_seeds_give_equal_weights(trained, net, digits):
    again = training.train(net, digits, QUICK, seed=1)
    other = training.train(net, digits, QUICK, seed=2)
    assert np.array_equal(again.model.parameters.numpy(), trained.model.parameters.numpy())
    assert np.array_equal(again.model.statistics.numpy(), trained.model.statistics.numpy())
    assert not np.array_equal(other.model.parameters.numpy(), trained.model.parameters.numpy())


def test_the_model_keeps_the_epoch_of_least_validation_loss(trained, digits):
    best = min(trained.history, key=lambda epoch: epoch.validation.loss)
    score = SplitEvaluator(trained.model, digits.validation).score()
    assert score.loss == pytest.approx(best.validation.loss)
    assert trained.loss == best.validation.loss
    assert trained.accuracy == score.accuracy


def test_the_loss_of_the_evaluator_is_keras_cross_entropy(trained, digits):
    evaluator = SplitEvaluator(trained.model, digits.validation)
    keras = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = float(keras(digits.validation.y, evaluator.logits()))
    assert evaluator.score().loss == pytest.approx(expected, rel=1e-4)


def test_a_step_equals_keras_adamw(net, digits):
    rate, decay = 0.01, 0.1
    ours, theirs = TfModel(net, 0), TfModel(net, 0)
    objective = smoothed_cross_entropy(10, 0.1)
    loop = TrainLoop(
        ours, digits.train.x, digits.train.y, supervised(ours, objective), batch_size=32, weight_decay=decay
    )
    order = np.arange(96, dtype=np.int32).reshape(3, 32)
    loop.steps(order, np.full(3, rate, np.float32))

    adam = tf.keras.optimizers.Adam(rate, beta_1=0.9, beta_2=0.99, epsilon=1e-7)
    criterion = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    for chosen in order:
        with tf.GradientTape() as tape:
            logits = theirs(digits.train.x[chosen], training=True)
            mistake = criterion(tf.one_hot(digits.train.y[chosen], 10), logits)
        gradient = tape.gradient(mistake, theirs.parameters)
        shrink = rate * decay * theirs.is_kernel * theirs.parameters
        adam.apply_gradients([(gradient, theirs.parameters)])
        theirs.parameters.assign_sub(shrink)
    # Adam divides by a gradient's own size, so a few gradients of rounding size go their own way.
    near = np.abs(ours.parameters.numpy() - theirs.parameters.numpy()) < 1e-4
    assert near.mean() > 0.9
    assert np.allclose(ours.statistics, theirs.statistics, rtol=0.01, atol=0.01)


@pytest.mark.parametrize(
    ("limit", "setting"),
    [
        (TimeLimit(cpu_s=2.5), r"estimator.trial_deadline_s \(2.5 s of CPU time\)"),
        (TimeLimit(wall_s=2.5), r"the time budget \(budget.minutes\)"),
    ],
)
def test_a_limit_inside_an_epoch_returns_what_was_validated_and_says_so(net, digits, limit, setting):
    settings = TrainSettings(epochs=10_000, patience=10_000)
    short = training.train(net, digits, settings, seed=0, limit=limit)
    assert 1 <= short.epochs < 10_000
    assert re.fullmatch(rf"cut after {short.epochs} of 10,?000 epochs by {setting}", short.cut)


@pytest.mark.parametrize(
    ("limit", "setting"), [({"cpu_s": 0.0}, "trial_deadline_s"), ({"wall_s": 0.0}, "minutes")]
)
def test_no_epoch_in_time_is_an_error(net, digits, limit, setting):
    with pytest.raises(TrainError, match=f"no epoch finished within .*{setting}"):
        training.train(net, digits, QUICK, seed=0, limit=TimeLimit(**limit))


def test_a_training_that_ends_by_itself_is_not_cut(net, digits):
    assert training.train(net, digits, QUICK, seed=0, limit=TimeLimit(cpu_s=600, wall_s=600)).cut == ""


@pytest.mark.slow
def test_a_process_stopped_for_longer_than_its_deadline_trains_the_same_network():
    """SIGSTOP after the first epoch, in a process of its own; the deadline is in CPU seconds."""
    whole, suspended = (
        suspended_training.weights_of(stop_s) for stop_s in (0.0, suspended_training.LIMIT_S + 2)
    )
    assert suspended == whole
    assert whole.endswith("3 whole\n")


def test_a_diverging_loss_is_an_error(net, digits):
    with pytest.raises(TrainError, match="the loss became"):
        training.train(net, digits, TrainSettings(learning_rate=1e30, weight_decay=1e9), seed=0)


def test_patience_ends_a_training_that_does_not_improve(net, digits):
    stuck = TrainSettings(epochs=50, patience=2, learning_rate=1e-9)
    trained = training.train(net, digits, TrainSettings(**{**stuck.__dict__, "min_delta": 0.5}), seed=0)
    assert trained.epochs == 3  # the first sets the mark, two fail it


def test_the_schedule_rises_to_the_peak_and_falls_to_zero():
    rates = learning_rates(TrainSettings(learning_rate=0.5, warmup_share=0.25), 1000)
    assert rates.max() == pytest.approx(0.5, rel=0.01)
    assert rates.argmax() == pytest.approx(250, abs=2)
    assert rates[0] < 0.002
    assert rates[-1] < 1e-5
    assert (np.diff(rates[:249]) > 0).all()
    assert (np.diff(rates[251:]) < 0).all()


def test_batches_hold_each_sample_at_most_once():
    order = training.batches(np.random.default_rng(0), samples=103, batch=10)
    assert order.shape == (10, 10)
    assert len(set(order.ravel())) == 100
    assert training.batches(np.random.default_rng(0), samples=7, batch=10).shape == (1, 7)


def test_one_trace_serves_a_whole_training(net, digits):
    model = TfModel(net, 0)
    loss = smoothed_cross_entropy(10, 0)
    loop = TrainLoop(
        model, digits.train.x, digits.train.y, supervised(model, loss), batch_size=16, weight_decay=0
    )
    for steps in (5, 25, 14, 25):
        loop.steps(np.zeros((steps, 16), np.int32), np.zeros(steps, np.float32))
    assert loop._compiled.experimental_get_tracing_count() == 1


def test_settings_follow_the_configuration():
    settings = TrainSettings.from_config(EstimatorConfig(epochs=3, patience=2, batch_size=16, augment=False))
    assert (settings.epochs, settings.patience, settings.batch_size, settings.augment) == (3, 2, 16, 0.0)


def test_class_weights_make_every_class_count_alike():
    y = np.array([0, 0, 0, 1])
    weights = class_weights_of(y, 3)
    assert weights.tolist() == pytest.approx([4 / 6, 2, 0])
    logits = np.array([[2.0, 0, 0], [1, 1, 0], [0, 2, 0], [0, 0, 1]], np.float32)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(4), y]
    weighted = smoothed_cross_entropy(3, 0.0, weights)(None, tf.constant(y), tf.constant(logits))
    assert float(weighted) == pytest.approx((losses[:3].mean() + losses[3]) / 2, rel=1e-5)


def test_dropout_drops_the_given_share_of_a_dense_layers_inputs_and_only_in_training_steps():
    """Over an input of ones and a kernel of ones, the logits are the sum of what was kept, scaled back up."""
    builder = NetBuilder((1000,))
    net = builder.chain(Dense(2, dropout=0.2), SoftmaxLayer()).build()
    model, x = TfModel(net, 0), tf.ones((8, 1000))
    parameters = tf.constant([1.0] * 2000 + [0.0] * 2)

    def logits(training, noise):
        return model.forward(parameters, model.statistics, x, training, noise)[0].numpy()

    dropped = logits(True, tf.constant([-1, 7]))
    kept = dropped * 0.8 / 1000
    assert kept.mean() == pytest.approx(0.8, abs=0.02)
    assert len({round(float(row[0]), 2) for row in dropped}) > 1
    assert np.array_equal(dropped, logits(True, tf.constant([-1, 7])))
    assert not np.array_equal(dropped, logits(True, tf.constant([-1, 8])))
    assert np.array_equal(logits(False, None), np.full((8, 2), 1000.0, np.float32))


def test_trainings_with_dropout_repeat_and_differ_from_those_without(net, digits):
    head = dataclasses.replace(net.nodes[-2], layer=Dense(10, dropout=0.4))
    dropped = dataclasses.replace(net, nodes=(*net.nodes[:-2], head, net.nodes[-1]))
    quick = dataclasses.replace(QUICK, epochs=1)
    first, again, without = (training.train(n, digits, quick, seed=1) for n in (dropped, dropped, net))
    assert np.array_equal(first.model.parameters.numpy(), again.model.parameters.numpy())
    assert not np.array_equal(first.model.parameters.numpy(), without.model.parameters.numpy())
