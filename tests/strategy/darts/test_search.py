"""The TensorFlow part of the bilevel search: gradients against closed forms, and a small supernet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from micronas.data import DataKind, Dataset, DataSplit, FrontEnd, SealedTest
from micronas.space.cell import EdgeOp
from micronas.space.cell.canonical import is_sound
from micronas.strategy.darts.bilevel import first_order, second_order
from micronas.strategy.darts.edges import OPS, CellEdges
from micronas.strategy.darts.eigenvalue import dominant_eigenvalue
from micronas.strategy.darts.loop import DartsLoop
from micronas.strategy.darts.search import search_cells
from micronas.strategy.darts.settings import DartsSettings
from micronas.strategy.darts.supernet import CellSupernet
from micronas.train.bilevel_split import halves, shuffled_batches

SETTINGS = DartsSettings(
    steps=8,
    warmup_share=0.5,
    batch_size=8,
    channels=4,
    partial=2,
    check_every=2,
    augment=0.0,
    stack=(False, True),
)
RATE = 0.1


def toy_split(samples: int = 48) -> DataSplit:
    """Three classes by which third of the picture is bright."""
    rng = np.random.default_rng(0)
    y = np.arange(samples) % 3
    x = rng.normal(0, 0.3, (samples, 8, 8, 1)).astype(np.float32)
    for i, label in enumerate(y):
        x[i, 3 * label : 3 * label + 2] += 1.0
    return DataSplit(x, y.astype(np.int64))


def quantities(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = {"w": 4, "a": 3, "inner": 4, "outer": 4}
    values = {name: rng.normal(0, 0.5, size) for name, size in names.items()}
    return values | {"mix": rng.normal(0, 0.5, (4, 3)), "cross": rng.normal(0, 0.5, (4, 3))}


def losses(q: dict[str, np.ndarray]):
    """Two smooth losses of weights and edges, written for NumPy and TensorFlow alike."""

    def train(lib, w, a):
        z = lib.tanh(w + lib.tensordot(q["mix"], a, 1) - q["inner"])
        return lib.sum(z * z) + 0.1 * lib.sum(w * w * w * w)

    def validation(lib, w, a):
        z = lib.sin(w * lib.tanh(lib.tensordot(q["cross"], a, 1)) - q["outer"])
        return lib.sum(z * z)

    return train, validation


class _Tf:
    tanh, sin, sum = staticmethod(tf.tanh), staticmethod(tf.sin), staticmethod(tf.reduce_sum)
    tensordot = staticmethod(tf.tensordot)


def gradients(loss):
    def run(w, a):
        with tf.GradientTape() as tape:
            tape.watch([w, a])
            value = loss(_Tf, w, a)
        return (value, *tape.gradient(value, [w, a]))

    return run


def numerically(function, at: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Central differences in every coordinate."""
    result = np.zeros_like(at)
    for i in range(len(at)):
        shift = np.zeros_like(at)
        shift[i] = step
        result[i] = (function(at + shift) - function(at - shift)) / (2 * step)
    return result


@pytest.mark.parametrize("seed", range(3))
def test_the_second_order_hypergradient_is_that_of_the_unrolled_objective(seed: int) -> None:
    q = quantities(seed)
    train, validation = losses(q)

    def unrolled(a: np.ndarray) -> float:
        step = numerically(lambda w: train(np, w, a), q["w"])
        return float(validation(np, q["w"] - RATE * step, a))

    w, a = tf.constant(q["w"]), tf.constant(q["a"])
    loss, gradient = second_order(
        gradients(train), gradients(validation), w, a, tf.constant(RATE, tf.float64)
    )
    expected = numerically(unrolled, q["a"], 1e-4)
    assert float(loss) == pytest.approx(unrolled(q["a"]), rel=1e-6)
    np.testing.assert_allclose(gradient, expected, rtol=1e-2, atol=1e-4)
    # the look-ahead matters here: the first-order gradient is another one
    _, simple = first_order(gradients(validation), w, a)
    assert np.abs(simple - expected).max() > 20 * np.abs(gradient - expected).max()


def test_the_first_order_gradient_is_the_partial_one() -> None:
    q = quantities(0)
    _, validation = losses(q)
    _, gradient = first_order(gradients(validation), tf.constant(q["w"]), tf.constant(q["a"]))
    np.testing.assert_allclose(
        gradient, numerically(lambda a: float(validation(np, q["w"], a)), q["a"]), rtol=1e-5, atol=1e-8
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_power_iteration_finds_the_dominant_eigenvalue(sign: float) -> None:
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    matrix = (basis * (sign * np.array([5.0, 2.0, 1.0, -1.0, 0.5, 0.1]))) @ basis.T
    hessian = tf.constant(matrix.astype(np.float32))
    found = dominant_eigenvalue(
        lambda x: tf.linalg.matvec(hessian, x), tf.zeros(6), tf.ones(6), iterations=25
    )
    largest = max(np.linalg.eigvalsh(matrix), key=abs)
    assert float(found) == pytest.approx(largest, rel=1e-2)


def test_power_iteration_is_long_enough_where_the_start_has_little_of_the_eigenvector() -> None:
    """Eigenvalues 5 and 3, and a twentieth of the start in the first: four products give 4.1."""
    hessian = tf.constant([5.0, 3.0])
    start = tf.sqrt(tf.constant([0.05, 0.95]))

    def found(iterations: int) -> float:
        return float(dominant_eigenvalue(lambda x: hessian * x, tf.zeros(2), start, iterations))

    assert found(4) < 4.2
    assert found(DartsSettings().power_iterations) == pytest.approx(5.0, rel=0.03)


@pytest.fixture(scope="module")
def supernet() -> CellSupernet:
    return CellSupernet((8, 8, 1), 3, 2, stack=(False, True), channels=4, partial=2, seed=0)


def test_relaxed_weights_are_distributions(supernet: CellSupernet) -> None:
    alphas = np.random.default_rng(0).normal(size=supernet.alpha_count).astype(np.float32)
    for weights in supernet.edge_weights(alphas):
        np.testing.assert_allclose(weights.ops.sum(axis=1), 1.0, rtol=1e-5)
        for node in range(2):
            assert weights.edges[list(CellEdges(2).into(node))].sum() == pytest.approx(1.0, rel=1e-5)


def test_an_edge_of_none_passes_nothing_on() -> None:
    """With every operation NONE and all channels mixed, no cell hands anything on: all inputs look alike."""
    supernet = CellSupernet((8, 8, 1), 3, 2, stack=(False, True), channels=4, partial=1, seed=0)
    count = len(CellEdges(2).all)
    none = np.zeros((count, len(OPS)), np.float32)
    none[:, OPS.index(EdgeOp.NONE)] = 1e4
    alphas = np.tile(np.concatenate([none.ravel(), np.zeros(count, np.float32)]), 2)
    logits = supernet(supernet.initial, tf.constant(alphas), toy_split(6).x).numpy()
    np.testing.assert_allclose(logits, np.broadcast_to(logits[0], logits.shape), atol=1e-6)
    open_edges = supernet(supernet.initial, tf.zeros(supernet.alpha_count), toy_split(6).x).numpy()
    assert np.abs(open_edges - open_edges[0]).max() > 1e-3


def test_gradients_reach_every_operation_but_none_and_every_edge(supernet: CellSupernet) -> None:
    split, alphas = toy_split(12), tf.zeros(supernet.alpha_count)
    with tf.GradientTape() as tape:
        tape.watch(alphas)
        logits = supernet(supernet.initial, alphas, split.x)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(split.y, logits))
    gradient = tape.gradient(loss, alphas).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient != 0).mean() > 0.95


def begin(settings: DartsSettings) -> DartsLoop:
    weight_half, edge_half = halves(toy_split(), seed=0)
    supernet = CellSupernet((8, 8, 1), 3, 1, stack=(False, True), channels=4, partial=2, seed=0)
    return DartsLoop(supernet, weight_half, edge_half, settings, None, seed=0)


def test_class_weights_let_every_class_count_equally() -> None:
    split = toy_split()
    many = np.flatnonzero((split.y == 0) | (np.arange(len(split)) < 12))  # 16, 4 and 4 of the classes
    half = DataSplit(split.x[many], split.y[many])
    supernet = CellSupernet((8, 8, 1), 3, 1, stack=(False, True), channels=4, partial=2, seed=0)
    loop = DartsLoop(supernet, half, half, replace(SETTINGS, class_weights=True), None, seed=0)
    batch = np.arange(len(half), dtype=np.int32)[np.newaxis]
    logits = supernet(supernet.initial, loop.alphas.read_value(), half.x).numpy()
    of_samples = -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[np.arange(24), half.y]
    wanted = np.mean([of_samples[half.y == label].mean() for label in range(3)])
    found = loop.steps(batch, np.full_like(batch, -1), np.zeros(1, np.float32))
    assert found == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("order", [1, 2])
def test_edges_rest_in_warm_up_then_learn_with_one_trace(order: int) -> None:
    loop = begin(replace(SETTINGS, order=order))
    batches = shuffled_batches(np.random.default_rng(0), 24, 3, 8)
    rates = np.full(3, 0.05, np.float32)
    before = loop.alphas.numpy()
    loop.steps(batches, np.full_like(batches, -1), rates)
    np.testing.assert_array_equal(loop.alphas, before)
    first = loop.steps(batches, batches, rates)
    moved = np.abs(loop.alphas.numpy() - before)
    assert 0 < moved.max() < 3 * 3 * loop._settings.edge_learning_rate
    assert loop.compiled.experimental_get_tracing_count() == 1
    if order == 1:
        losses = [loop.steps(batches, batches, rates) for _ in range(8)]
        assert losses[-1] < first
        assert np.isfinite(loop.eigenvalue(batches[0]))


def test_a_search_gives_sound_cells_and_repeats() -> None:
    split = toy_split()
    dataset = Dataset(
        name="thirds",
        kind=DataKind.IMAGE,
        train=split,
        validation=split,
        test=SealedTest(split),
        class_names=("top", "middle", "bottom"),
        input_range=(-2.0, 3.0),
        front_end=FrontEnd("none", 1),
    )
    found, again = (search_cells(dataset, 1, SETTINGS, seed=3) for _ in range(2))
    assert (found.normal, found.reduction) == (again.normal, again.reduction)
    np.testing.assert_array_equal(found.weights[0].ops, again.weights[0].ops)
    assert is_sound(found.normal)
    assert is_sound(found.reduction)
    assert [check.step for check in found.checks] == [6, 8]
    assert found.stopped == ""
