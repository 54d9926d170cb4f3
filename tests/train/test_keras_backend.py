"""Both trainable forms of a Net: the flat TensorFlow model against the Keras model, layer by layer."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.model.net import (
    Conv,
    DepthwiseConv,
    Net,
    NetBuilder,
)
from tests.support.every_layer import every_layer

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra: search)")


@pytest.fixture(scope="module")
def net() -> Net:
    return every_layer()


def _randomised(weights, seed=0):
    """Weights whose normalisation is no identity, so that a swapped vector shows."""
    from micronas.train.weights import NodeWeights, Norm

    rng = np.random.default_rng(seed)

    def vector(n):
        return rng.uniform(0.5, 1.5, n).astype(np.float32)

    def node(w):
        if w is None:
            return None
        if w.norm is None:
            return NodeWeights(w.kernel, vector(w.bias.size), None)
        return NodeWeights(w.kernel, None, Norm(*(vector(w.norm.mean.size) for _ in range(4))))

    return tuple(node(w) for w in weights)


def test_flat_model_equals_keras_at_inference(net):
    from micronas.train import keras_backend
    from micronas.train.tf_model import TfModel

    flat, keras_form = TfModel(net, seed=1), keras_backend.keras_model(net, seed=1)
    weights = _randomised(flat.get_weights())
    flat.set_weights(weights)
    keras_backend.set_weights(keras_form, weights)
    x = np.random.default_rng(2).standard_normal((5, *net.input_shape)).astype(np.float32)
    np.testing.assert_allclose(flat(x).numpy(), keras_form(x, training=False).numpy(), rtol=1e-4, atol=1e-4)


def test_training_normalises_by_the_batch_as_keras_does(net):
    from micronas.train import keras_backend
    from micronas.train.tf_model import TfModel

    flat, keras_form = TfModel(net, seed=1), keras_backend.keras_model(net, seed=1)
    x = np.random.default_rng(2).standard_normal((16, *net.input_shape)).astype(np.float32)
    np.testing.assert_allclose(
        flat(x, training=True).numpy(), keras_form(x, training=True).numpy(), rtol=1e-3, atol=1e-3
    )
    ours, theirs = flat.get_weights()[1].norm, keras_backend.get_weights(keras_form, net)[1].norm
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-4, atol=1e-6)
    # TensorFlow's fused form keeps the unbiased variance, Keras the biased one.
    positions = 16 * 9 * 9
    unbiased = 0.9 + (theirs.variance - 0.9) * positions / (positions - 1)
    np.testing.assert_allclose(ours.variance, unbiased, rtol=1e-4)


def test_weights_round_trip_through_both_forms(net):
    from micronas.train import keras_backend
    from micronas.train.tf_model import TfModel
    from micronas.train.weights import initial_weights

    weights = _randomised(initial_weights(net, 3))
    flat, keras_form = TfModel(net), keras_backend.keras_model(net)
    flat.set_weights(weights)
    keras_backend.set_weights(keras_form, flat.get_weights())
    for before, after in zip(weights, keras_backend.get_weights(keras_form, net), strict=True):
        if before is None:
            assert after is None
            continue
        np.testing.assert_array_equal(before.kernel, after.kernel)
        if before.norm is not None:
            for name in ("gamma", "beta", "mean", "variance"):
                np.testing.assert_array_equal(getattr(before.norm, name), getattr(after.norm, name))
        else:
            np.testing.assert_array_equal(before.bias, after.bias)


def test_folding_leaves_the_function_as_it_is(net):
    """Folded kernels in the flat model, with identity normalisation, give the same logits."""
    from micronas.train.tf_model import TfModel
    from micronas.train.weights import BATCH_NORM_EPSILON, NodeWeights, Norm, fold

    model = TfModel(net)
    weights = _randomised(model.get_weights())
    model.set_weights(weights)
    x = np.random.default_rng(4).standard_normal((3, *net.input_shape)).astype(np.float32)
    expected = model(x).numpy()

    def unfolded(node, folded):
        if node is None or node.norm is None:
            return node
        zero = np.zeros_like(folded.bias)
        one = zero + np.float32(1)
        return NodeWeights(folded.kernel, None, Norm(one, folded.bias, zero, one - BATCH_NORM_EPSILON))

    model.set_weights(tuple(unfolded(n, f) for n, f in zip(weights, fold(weights), strict=True)))
    np.testing.assert_allclose(model(x).numpy(), expected, rtol=1e-3, atol=1e-3)


def test_equal_seeds_equal_weights_and_other_seeds_differ(net):
    from micronas.train.tf_model import TfModel

    same, again, other = TfModel(net, 5), TfModel(net, 5), TfModel(net, 6)
    np.testing.assert_array_equal(same.parameters.numpy(), again.parameters.numpy())
    assert not np.array_equal(same.parameters.numpy(), other.parameters.numpy())


def test_initial_signal_neither_dies_nor_explodes():
    """He initialisation keeps the second moment through a deep stack of ReLU layers (He et al. 2015)."""
    from micronas.train.tf_model import TfModel

    builder = NetBuilder((16, 16, 4))
    for _ in range(8):
        builder.chain(DepthwiseConv(3, 3, batch_norm=False), Conv(32, 1, 1, batch_norm=False))
    net = builder.build()
    x = np.random.default_rng(0).standard_normal((8, 16, 16, 4)).astype(np.float32)
    y = TfModel(net)(x).numpy()
    assert 0.02 < float(np.mean(np.square(y))) < 20.0


def test_weight_decay_mask_marks_the_kernels(net):
    from micronas.train.tf_model import TfModel

    model = TfModel(net)
    kernels = sum(w.kernel.size for w in model.get_weights() if w)
    assert int(model.is_kernel.sum()) == kernels
    assert model.is_kernel.shape == tuple(model.parameters.shape)


def test_one_vector_trains(net):
    """A few steps of gradient descent on the flat vector lower the loss."""
    from micronas.train.tf_model import TfModel

    model = TfModel(net)
    rng = np.random.default_rng(0)
    x = tf.constant(rng.standard_normal((32, *net.input_shape)), tf.float32)
    y = tf.constant(rng.integers(0, 4, 32))

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
        model.parameters.assign_sub(0.1 * tape.gradient(loss, model.parameters))
        return loss

    losses = [float(step()) for _ in range(20)]
    assert losses[-1] < 0.7 * losses[0]


def test_probabilities_are_the_softmax_of_the_logits(net):
    from micronas.train.keras_backend import keras_model

    x = np.random.default_rng(7).standard_normal((4, *net.input_shape)).astype(np.float32)
    logits = keras_model(net, seed=2)(x, training=False).numpy()
    probabilities = keras_model(net, batch=4, seed=2, probabilities=True)(x, training=False).numpy()
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4)
