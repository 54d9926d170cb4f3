"""Mixup: weights of the beta distribution, and losses of mixed labels and targets."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from micronas.train.mixup import drawn_weight, mixed  # noqa: E402
from micronas.train.objectives import regression_objective, smoothed_cross_entropy  # noqa: E402

X = np.arange(12, dtype=np.float32).reshape(4, 3) / 12


class Identity:
    """A network whose logits are its inputs."""

    seed = 3

    def __init__(self) -> None:
        self.mixed_x = None

    def forward(self, parameters, statistics, x, *, training, noise):
        self.mixed_x = x
        return x * parameters, statistics


def weight_of(mixed_x: np.ndarray) -> float:
    """The weight by which the first sample was mixed with the last."""
    return float((mixed_x[0, 0] - X[3, 0]) / (X[0, 0] - X[3, 0]))


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_weights_have_the_beta_distribution(alpha):
    seeds = tf.stack([tf.zeros(4000, tf.int32), tf.range(4000)], axis=1)
    draw = tf.function(
        lambda: tf.map_fn(lambda one: drawn_weight(one, alpha), seeds, fn_output_signature="float")
    )
    drawn = draw().numpy()
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.03)
    assert np.var(drawn) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.08)
    assert ((drawn >= 0) & (drawn <= 1)).all()


def test_the_loss_is_that_of_the_mixed_labels():
    model, y = Identity(), np.array([0, 1, 2, 1])
    loss, _ = mixed(model, smoothed_cross_entropy(3, 0.0), 1.0)(1.0, None, X, y, 5)
    logits = model.mixed_x.numpy()
    weight = weight_of(logits)
    assert 0.02 < weight < 0.98
    np.testing.assert_allclose(logits, weight * X + (1 - weight) * X[::-1], rtol=1e-5)
    labels = weight * np.eye(3)[y] + (1 - weight) * np.eye(3)[y[::-1]]
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert float(loss) == pytest.approx(float(-(labels * logs).sum(axis=1).mean()), rel=1e-5)


def test_a_squared_error_has_the_gradient_of_the_mixed_target():
    model, y = Identity(), np.array([0.1, 0.9, 0.4, 0.7], np.float32)
    scale = tf.Variable(0.8)
    with tf.GradientTape() as tape:
        loss, _ = mixed(model, regression_objective("mse"), 1.0)(scale, None, X[:, :1], y, 5)
    logits = model.mixed_x.numpy()
    weight = weight_of(logits)
    target = (weight * y + (1 - weight) * y[::-1])[:, np.newaxis]
    expected = float(np.mean(2 * (0.8 * logits - target) * logits))
    assert float(tape.gradient(loss, scale)) == pytest.approx(expected, rel=1e-4)


def test_every_step_has_another_weight_and_repeats_it():
    model, y = Identity(), np.array([0, 1, 2, 1])
    loss = mixed(model, smoothed_cross_entropy(3, 0.0), 0.2)
    losses = [float(loss(1.0, None, X, y, number)[0]) for number in (0, 1, 2, 0)]
    assert losses[0] == losses[3]
    assert len(set(losses)) == 3
