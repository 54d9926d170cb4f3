"""The TensorFlow part of the differentiable search, on a backbone of two blocks and a toy data set."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.config import RewardConfig
from micronas.data import DataSplit
from micronas.space.layerwise import LayerwiseSpace, Limits
from micronas.strategy.dnas.backbone import ChoiceBackbone, StageLayout, make_backbone
from micronas.strategy.dnas.choice import choice_costs, drawn_choice
from micronas.strategy.dnas.cost_tables import Costs, CostTables, make_cost_tables
from micronas.strategy.dnas.decisions import Decisions, by_name
from micronas.strategy.dnas.fake_quant import quantized_activation, quantized_weights
from micronas.strategy.dnas.gumbel import gumbel_softmax, split_softmax, straight_through
from micronas.strategy.dnas.layers import kernel_mask, width_mask
from micronas.strategy.dnas.limits import CostConstraints, LatencyPenalty
from micronas.strategy.dnas.loop import DnasLoop
from micronas.strategy.dnas.relaxed_costs import hinge, penalty, relaxed_costs, slowness, smooth_max
from micronas.strategy.dnas.schedule import Schedule, make_schedule, step_count
from micronas.strategy.dnas.settings import DnasSettings
from micronas.strategy.dnas.supernet import DnasSupernet
from micronas.strategy.reward import reward
from micronas.train.bilevel_split import halves

SPACE = LayerwiseSpace((8, 8, 1), 3, Limits(min_blocks=1, max_blocks=2, kernels=(3, 5), expansions=(2, 3)))
UNBOUNDED = Costs(math.inf, math.inf, math.inf)
SETTINGS = DnasSettings(batch_size=8, augment=0.0)


@pytest.fixture(scope="module")
def backbone() -> ChoiceBackbone:
    return make_backbone(SPACE, StageLayout(2, (1, 1), 16))


@pytest.fixture(scope="module")
def tables(backbone: ChoiceBackbone) -> CostTables:
    return make_cost_tables(backbone, Target(Core.M4F))


@pytest.fixture(scope="module")
def supernet(backbone: ChoiceBackbone) -> DnasSupernet:
    return DnasSupernet(backbone, seed=0)


def even(backbone: ChoiceBackbone) -> list[np.ndarray]:
    return [np.full(n, 1.0 / n, np.float32) for n in backbone.decision_sizes]


def one_hot(backbone: ChoiceBackbone, *picks: int) -> list[tf.Tensor]:
    return [tf.one_hot(k, n) for k, n in zip(picks, backbone.decision_sizes, strict=True)]


def toy_split(samples: int = 64) -> DataSplit:
    """Three classes by which third of the picture is bright."""
    rng = np.random.default_rng(0)
    y = np.arange(samples) % 3
    x = rng.normal(0, 0.3, (samples, 8, 8, 1)).astype(np.float32)
    for i, label in enumerate(y):
        x[i, 3 * label : 3 * label + 2] += 1.0
    return DataSplit(x, y.astype(np.int64))


def test_samples_are_distributed_as_the_softmax_of_the_logits() -> None:
    logits = tf.constant([1.0, 0.0, -1.0, 0.5, 2.0])
    draw = tf.function(lambda i: gumbel_softmax(logits, (3, 2), tf.constant(0.7), tf.stack([3, i])))
    counts = [np.zeros(3), np.zeros(2)]
    for i in range(2000):
        for count, vector in zip(counts, draw(tf.constant(i)), strict=True):
            assert float(tf.reduce_sum(vector)) == pytest.approx(1.0, abs=1e-5)
            count[int(tf.argmax(vector))] += 1
    for count, part in zip(counts, ([1.0, 0.0, -1.0], [0.5, 2.0]), strict=True):
        expected = np.exp(part) / np.exp(part).sum()
        # four standard deviations of a binomial share at most
        assert np.abs(count / 2000 - expected).max() < 4 * math.sqrt(0.25 / 2000)


def test_samples_near_one_hot_as_the_temperature_falls() -> None:
    def sharpness(temperature: float) -> float:
        vectors = [
            gumbel_softmax(tf.zeros(4), (4,), tf.constant(temperature), tf.constant([0, i]))[0]
            for i in range(50)
        ]
        return float(np.mean([tf.reduce_max(v) for v in vectors]))

    hot, cool, cold = sharpness(10.0), sharpness(1.0), sharpness(0.01)
    assert hot < 0.4 < cool < 0.9
    assert cold > 0.98


def test_weights_lie_on_an_int8_grid_per_channel_with_straight_through_gradients() -> None:
    kernel = tf.constant(np.random.default_rng(0).normal(size=(3, 3, 4, 5)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        rounded = quantized_weights(kernel, -1)
        total = tf.reduce_sum(rounded)
    np.testing.assert_array_equal(tape.gradient(total, kernel), np.ones(kernel.shape))
    for channel in range(5):
        values = kernel[..., channel].numpy()
        scale = np.abs(values).max() / 127
        steps = rounded[..., channel].numpy() / scale
        np.testing.assert_allclose(steps, np.rint(values / scale), atol=1e-3)


@pytest.mark.parametrize("signed", [False, True])
def test_activations_lie_on_a_grid_that_holds_zero(signed: bool) -> None:
    x = np.random.default_rng(0).normal(size=(4, 50)).astype(np.float32)
    x = x if signed else np.maximum(x, 0)
    rounded, magnitude = quantized_activation(tf.constant(x), tf.constant(0.0), signed)
    assert float(magnitude) == pytest.approx(np.abs(x).max(), rel=1e-4)
    scale = np.abs(x).max() / (127 if signed else 255)
    np.testing.assert_allclose(rounded, np.rint(x / scale) * scale, atol=scale * 0.51)
    steps = rounded.numpy() / scale
    np.testing.assert_allclose(steps, np.rint(steps), atol=0.02)
    later, running = quantized_activation(tf.constant(x * 2), magnitude, signed)
    assert float(running) == pytest.approx(1.1 * float(magnitude), rel=1e-4)
    assert float(tf.reduce_max(later)) <= float(running) * 1.001


def test_masks_are_expectations() -> None:
    mask = width_mask((4, 8), tf.constant([0.25, 0.75]))
    np.testing.assert_allclose(mask, [1.0] * 4 + [0.75] * 4)
    taps = kernel_mask(((3, 3), (5, 3)), tf.constant([0.5, 0.5]))
    np.testing.assert_allclose(taps, [[0.5] * 3, [1.0] * 3, [1.0] * 3, [1.0] * 3, [0.5] * 3])


def test_relaxed_costs_at_one_hot_are_the_exact_costs(backbone: ChoiceBackbone, tables: CostTables) -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        choice = drawn_choice(even(backbone), backbone, rng)
        picks = [choice.stem_kernel, choice.stem_width]
        for block in choice.blocks:
            picks += [block.candidate, block.width, int(not block.kept)]
        exact = choice_costs(choice, tables)
        relaxed = relaxed_costs(by_name(one_hot(backbone, *picks)), tables).numpy()
        assert tuple(relaxed) == pytest.approx(
            (exact.constant_bytes, exact.sram_bytes, exact.macs, exact.ms), rel=1e-12
        )


def test_relaxed_constants_are_the_mean_over_independent_choices() -> None:
    backbone = make_backbone(SPACE, StageLayout(1, (2, 2), 16))  # strided blocks: none can be skipped
    tables = make_cost_tables(backbone, Target(Core.M4F))
    rng = np.random.default_rng(0)
    vectors = [rng.dirichlet(np.ones(n)).astype(np.float32) for n in backbone.decision_sizes]
    drawn = [choice_costs(drawn_choice(vectors, backbone, rng), tables) for _ in range(4000)]
    relaxed = relaxed_costs(by_name([tf.constant(v) for v in vectors]), tables).numpy()
    for value, name in ((relaxed[0], "constant_bytes"), (relaxed[2], "macs")):
        samples = [vars(costs)[name] for costs in drawn]
        assert abs(value - np.mean(samples)) < 4 * np.std(samples) / math.sqrt(len(samples))


def test_relaxed_sram_is_that_of_the_drawn_networks_while_choices_are_soft() -> None:
    """The mean over draws is the mean of the exact peaks; the largest of expected peaks is below it."""
    space = LayerwiseSpace((8, 8, 1), 3, Limits(max_blocks=4, kernels=(3, 5), expansions=(2, 3)))
    backbone = make_backbone(space, StageLayout(1, (1, 1, 1, 1), 16))  # on one plane, so any may be the peak
    tables = make_cost_tables(backbone, Target(Core.M4F))
    keep = [i > 2 and i % 3 == 1 for i in range(len(backbone.decision_sizes))]
    parts = [np.eye(n)[0] * 30 * kept for n, kept in zip(backbone.decision_sizes, keep, strict=True)]
    chances = [np.exp(part) / np.exp(part).sum() for part in parts]  # even; no block is skipped
    rng = np.random.default_rng(0)
    exact = [choice_costs(drawn_choice(chances, backbone, rng), tables).sram_bytes for _ in range(2000)]
    logits = tf.constant(np.concatenate(parts).astype(np.float32))

    @tf.function
    def both(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            seed = tf.stack([5, number])
            vectors = gumbel_softmax(logits, backbone.decision_sizes, tf.constant(5.0), seed)
            drawn = relaxed_costs(by_name(vectors), tables, by_name(straight_through(vectors)))[1]
        return drawn, relaxed_costs(by_name(vectors), tables)[1], tape.gradient(drawn, logits)

    found = [both(tf.constant(i)) for i in range(1000)]
    drawn, soft = (np.array([float(one[i]) for one in found]) for i in (0, 1))
    error = math.hypot(np.std(exact) / math.sqrt(2000), np.std(drawn) / math.sqrt(1000))
    assert abs(drawn.mean() - np.mean(exact)) < 4 * error
    assert min(exact) <= drawn.min() < drawn.max() <= max(exact)
    assert soft.mean() < np.mean(exact) - 4 * error
    assert all(np.isfinite(gradient).all() and np.ptp(gradient) > 0 for _, _, gradient in found[:20])


def test_the_smooth_maximum_is_exact_and_shares_its_gradient() -> None:
    values = tf.constant([100.0, 98.0, 20.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(values)
        largest = smooth_max(values)
    shares = tape.gradient(largest, values).numpy()
    assert float(largest) == 100.0
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] > shares[1] > 0.2
    assert shares[2] < 1e-4


def test_the_hinge_counts_shares_over_the_limit_only() -> None:
    limits = Costs(100.0, 50.0, math.inf)
    assert float(hinge(tf.constant([90.0, 50.0, 1e9, 1.0], tf.float64), limits)) == 0.0
    assert float(hinge(tf.constant([150.0, 60.0, 1e9, 1.0], tf.float64), limits)) == pytest.approx(0.5 + 0.2)


@pytest.mark.parametrize("hard", [True, False])
def test_slowness_is_minus_the_logarithm_of_the_rewards_latency_factor(hard: bool) -> None:
    config = RewardConfig(target_ms=2.0, exponent=0.3, mode="hard" if hard else "soft")
    pull = LatencyPenalty(2.0, 0.3, hard)
    for ms in (0.5, 2.0, 7.0):
        costs = tf.constant([0.0, 0.0, 0.0, ms], tf.float64)
        factor = math.exp(-float(slowness(costs, pull)))
        assert 0.4 * factor == pytest.approx(reward(0.4, ms, config), rel=1e-6)
    limits = Costs(math.inf, math.inf, math.inf, ms=4.0)
    slow = tf.constant([0.0, 0.0, 0.0, 6.0], tf.float64)
    expected = 5.0 * 0.5 + float(slowness(slow, pull))
    assert float(penalty(slow, CostConstraints(limits, pull), 5.0)) == pytest.approx(expected)
    assert float(penalty(slow, CostConstraints(limits), 5.0)) == pytest.approx(5.0 * 0.5)


def forward(supernet: DnasSupernet, parameters: np.ndarray, decisions: Decisions) -> np.ndarray:
    x = tf.constant(toy_split(8).x)
    return supernet.forward(tf.constant(parameters), supernet.initial_magnitudes, decisions, x)[0].numpy()


def influence(supernet: DnasSupernet, decisions: Decisions) -> np.ndarray:
    """|d loss / d parameters| for a loss that every logit takes part in."""
    parameters = tf.constant(supernet.initial)
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        logits, _ = supernet.forward(
            parameters, supernet.initial_magnitudes, decisions, tf.constant(toy_split(8).x)
        )
        loss = tf.reduce_sum(logits * tf.constant([0.3, -1.0, 2.0]))
    return np.abs(tape.gradient(loss, parameters).numpy())


def test_channels_and_taps_that_are_masked_off_have_no_influence(
    backbone: ChoiceBackbone, supernet: DnasSupernet
) -> None:
    narrow = by_name(one_hot(backbone, 0, 0, 0, 0, 1, 0, 0, 1))  # both blocks skipped: stem and head only
    size, widest = 5, backbone.stem_widths[-1]
    stem = slice(0, size * size * widest)  # the stem's kernel comes first
    touched = influence(supernet, narrow)[stem].reshape(size, size, widest) > 0
    assert touched[1:4, 1:4, : backbone.stem_widths[0]].any()
    touched[1:4, 1:4, : backbone.stem_widths[0]] = False
    assert not touched.any()


def test_a_skipped_block_has_no_influence(backbone: ChoiceBackbone, supernet: DnasSupernet) -> None:
    last = len(backbone.stem_widths) - 1
    kept = influence(supernet, by_name(one_hot(backbone, 1, last, 0, last, 0, 0, last, 1))) > 0
    none = influence(supernet, by_name(one_hot(backbone, 1, last, 0, last, 1, 0, last, 1))) > 0
    conv_weights = 9 * backbone.stem_widths[-1] ** 2
    assert conv_weights * 0.5 < kept.sum() - none.sum() <= conv_weights + 4 * backbone.stem_widths[-1]
    assert none.sum() < kept.sum()


def test_gradients_flow_to_every_decision(backbone: ChoiceBackbone, supernet: DnasSupernet) -> None:
    logits = tf.zeros(sum(backbone.decision_sizes))
    split = toy_split(16)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        decisions = by_name(split_softmax(logits, backbone.decision_sizes))
        output, _ = supernet.forward(supernet.initial, supernet.initial_magnitudes, decisions, split.x)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(split.y, output))
    parts = tf.split(tape.gradient(loss, logits), backbone.decision_sizes)
    assert all(
        float(tf.reduce_max(tf.abs(part))) > 0
        for part, n in zip(parts, backbone.decision_sizes, strict=True)
        if n > 1
    )


def begin(
    backbone: ChoiceBackbone, tables: CostTables, limits: Costs, settings: DnasSettings
) -> tuple[DnasLoop, list[Schedule]]:
    """A loop and its schedule in three pieces."""
    weight_half, choice_half = halves(toy_split(), seed=0)
    supernet = DnasSupernet(backbone, seed=0)
    loop = DnasLoop(
        supernet, tables, CostConstraints(limits), weight_half, choice_half, settings, None, seed=0
    )
    schedule = make_schedule(len(weight_half), len(choice_half), 30, settings, seed=0)
    return loop, [schedule.piece(first, first + 10) for first in (0, 10, 20)]


def run(backbone: ChoiceBackbone, tables: CostTables, limits: Costs, settings: DnasSettings) -> DnasLoop:
    loop, pieces = begin(backbone, tables, limits, settings)
    for piece in pieces:
        loop.steps(piece)
    return loop


def test_class_weights_let_every_class_count_equally(supernet: DnasSupernet, tables: CostTables) -> None:
    split = toy_split()
    few = np.flatnonzero((split.y == 0) | (np.arange(len(split)) < 6))
    half = DataSplit(split.x[few], split.y[few])
    loop = DnasLoop(
        supernet, tables, CostConstraints(UNBOUNDED), half, half,
        replace(SETTINGS, class_weights=True, label_smoothing=0.0), None, seed=0,
    )  # fmt: skip
    logits = np.random.default_rng(1).normal(size=(len(half), 3)).astype(np.float32)
    of_samples = -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[np.arange(len(half)), half.y]
    wanted = np.mean([of_samples[half.y == label].mean() for label in range(3)])
    found = loop._objective(None, tf.constant(half.y), tf.constant(logits))
    assert float(found) == pytest.approx(wanted, rel=1e-4)


def test_the_hinge_moves_the_expected_cost_below_the_budget(
    backbone: ChoiceBackbone, tables: CostTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Decisions | None] = []

    def noted(decisions: Decisions, tables: CostTables, network: Decisions | None = None) -> tf.Tensor:
        drawn.append(network)
        return relaxed_costs(decisions, tables, network)

    monkeypatch.setattr("micronas.strategy.dnas.loop.relaxed_costs", noted)
    at_first = relaxed_costs(by_name([tf.constant(p) for p in even(backbone)]), tables).numpy()
    limits = Costs(at_first[0] * 0.6, at_first[1] * 0.8, math.inf)
    settings = replace(SETTINGS, choice_learning_rate=0.2, budget_weight=20.0, warmup_share=0.1)
    bound, free = (run(backbone, tables, each, settings) for each in (limits, UNBOUNDED))
    spent, unbound = (
        relaxed_costs(by_name([tf.constant(p) for p in loop.probabilities()]), tables).numpy()
        for loop in (bound, free)
    )
    assert spent[0] < limits.constant_bytes
    assert spent[1] < limits.sram_bytes
    assert unbound[0] > limits.constant_bytes
    assert bound.compiled.experimental_get_tracing_count() == 1
    assert drawn
    assert None not in drawn, "SRAM is that of a network"


def test_equal_seeds_search_alike_and_choices_rest_during_warm_up(
    backbone: ChoiceBackbone, tables: CostTables
) -> None:
    settings = replace(SETTINGS, warmup_share=0.5)
    loop, (warm_up, *rest) = begin(backbone, tables, UNBOUNDED, settings)
    _, choice_loss = loop.steps(warm_up)
    assert choice_loss == 0.0
    np.testing.assert_array_equal(loop.logits, np.zeros(sum(backbone.decision_sizes)))
    for piece in rest:
        loop.steps(piece)
    again = run(backbone, tables, UNBOUNDED, settings)
    np.testing.assert_array_equal(loop.weights, again.weights)
    np.testing.assert_array_equal(loop.logits, again.logits)
    assert np.ptp(loop.logits) > 0


def test_weights_and_choices_learn_from_disjoint_halves() -> None:
    split = toy_split()
    marked = DataSplit(np.arange(len(split), dtype=np.float32).reshape(-1, 1, 1, 1), split.y)
    first, second = (set(half.x.ravel()) for half in halves(marked, seed=3))
    assert not first & second
    assert len(first | second) == len(split)
    counts = [np.bincount(half.y) for half in halves(marked, seed=3)]
    assert np.abs(counts[0] - counts[1]).max() <= 1


def test_the_number_of_steps_follows_the_work_not_the_clock(tables: CostTables) -> None:
    loose = DnasSettings(giga_macs=1.0, min_steps=1, max_steps=10**9)
    once, twice = step_count(tables, loose), step_count(tables, replace(loose, giga_macs=2.0))
    assert twice == pytest.approx(2 * once, abs=2)
    assert step_count(tables, replace(loose, min_steps=7, max_steps=9)) in (7, 9)
