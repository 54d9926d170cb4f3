"""Latencies of subnets, predicted from networks and profiling samples that ran; the emulator agrees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import LatencyConfig, SearchConfig
from micronas.errors import BuildError
from micronas.latency import OpFeatures, Profile, features_of, profile_to_json
from micronas.memory.ledger import make_ledger
from micronas.model.net import Net, shape_graph
from micronas.search.predicted_latency.prediction import PROFILE
from micronas.search.subnets.latency import PredictedMs, ProfiledNetwork, Shapes, SubnetLatency, ran_before
from micronas.search.subnets.profiling_samples import (
    MAX_CONSECUTIVE_PREDICTED,
    MAX_FAILED_SAMPLES,
    MAX_PROFILING_SAMPLES,
    profile_untrained,
    uses_latency,
)
from micronas.space.layerwise import LayerwiseArch, LayerwiseSpace, Limits
from micronas.store import Record
from micronas.trial import Json, Latency, Outcome, Source, Trial, latency_to_json

BOARD = load_board("nucleo_f446re")
SPACE = LayerwiseSpace((16, 16, 1), 10, Limits(max_blocks=3))
SHAPES = Shapes(SPACE, lambda arch: make_ledger(shape_graph(SPACE.net(arch)), BOARD))
CONFIG = SearchConfig()
COUNTS_PER_MS = 1000.0


def own_law(op: OpFeatures) -> float:
    """Counts of an op on an imaginary device: each feature of each kernel has a price of its own."""
    price = 1.0 + sum(op.kernel_class.encode()) % 7
    return 20.0 + price * sum(value * (1 + i % 3) for i, value in enumerate(op.values))


def profile_of(net: Net) -> dict[str, Json]:
    """What running ``net`` on it would tell."""
    graph = shape_graph(net)
    ops = [(f, own_law(f)) for f in features_of(graph, make_ledger(graph, BOARD).lowered)]
    count = sum(c for _, c in ops) + 50.0 + 3.0 * len(ops)
    latency = Latency(count / COUNTS_PER_MS, Source.EMULATED, instructions=round(count))
    return {**profile_to_json(Profile(tuple(ops), count)), "latency": latency_to_json(latency)}


def ran(arch: LayerwiseArch) -> ProfiledNetwork:
    return ProfiledNetwork(SPACE.to_json(arch), profile_of(SPACE.net(arch)))


def drawn(count: int, seed: int = 0) -> list[LayerwiseArch]:
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def alike(count: int) -> list[LayerwiseArch]:
    """Networks of one kind, so that few tell of the others."""
    arch, rng = SPACE.baselines()[0], np.random.default_rng(3)
    found = [arch]
    while len(found) < count:
        found.append(SPACE.mutate(arch, rng))
    return found


def test_without_anything_that_ran_nothing_is_expected() -> None:
    assert SubnetLatency(SHAPES, LatencyConfig(), []).of(drawn(1)[0]) is None


def test_the_model_speaks_where_it_reaches_and_the_pace_elsewhere() -> None:
    known = drawn(60)
    latency = SubnetLatency(SHAPES, LatencyConfig(), [ran(arch) for arch in known])
    new = drawn(20, seed=1)
    said = [(latency.by_model(arch), profile_of(SPACE.net(arch))["latency"]) for arch in new]
    reached = [(expected, actual["ms"]) for expected, actual in said if expected]  # type: ignore[index,call-overload]
    assert len(reached) >= 10
    for expected, ms in reached:
        assert expected.ms == pytest.approx(ms, rel=0.02)
        assert expected.error is not None
        assert expected.max_ms == pytest.approx(expected.ms * (1 + expected.error))
    few = SubnetLatency(SHAPES, LatencyConfig(), [ran(known[0]), ran(known[1])])
    rough = few.of(known[0])
    assert few.by_model(known[0]) is None  # two networks give no error bar of five
    assert rough == PredictedMs(pytest.approx(ran(known[0]).ms, rel=0.5), None)  # type: ignore[arg-type]


def test_trials_over_the_latency_limit_tell_of_the_device_too() -> None:
    profile = profile_of(SPACE.net(drawn(1)[0]))
    arch: Json = SPACE.to_json(drawn(1)[0])

    def record(number: int, outcome: Outcome, **details: Json) -> Record:
        return Record(Trial(number, arch, str(number), outcome, stage="latency", reason="over"), details)

    records = [
        record(0, Outcome.INFEASIBLE, **{PROFILE: profile}),
        record(1, Outcome.FAILED),
        record(2, Outcome.INFEASIBLE, **{PROFILE: profile, "repeats_trial": 0}),
        record(3, Outcome.INFEASIBLE, **{PROFILE: profile}),
    ]
    assert ran_before(records, 3) == (ProfiledNetwork(arch, profile),)
    assert len(ran_before(records, 4)) == 2


def profiled(
    candidates: list[LayerwiseArch], observed: list[ProfiledNetwork], run: Callable[[Net], Json]
) -> tuple[tuple[ProfiledNetwork, ...], list[Net]]:
    """The profiling samples, and every network that was to be run."""
    runs: list[Net] = []

    def counted(net: Net) -> Json:
        runs.append(net)
        return run(net)

    return profile_untrained(candidates, SHAPES, CONFIG, observed, counted), runs


def test_samples_are_profiled_until_the_model_predicts_several_networks_in_a_row() -> None:
    candidates = alike(200)
    samples, runs = profiled(candidates, [ran(SPACE.baselines()[-1])], profile_of)
    assert 4 <= len(samples) == len(runs) <= MAX_PROFILING_SAMPLES
    again, _ = profiled(candidates, [ran(SPACE.baselines()[-1])], profile_of)
    assert again == samples
    enough = [ran(arch) for arch in alike(40)]
    none, _ = profiled(candidates[:MAX_CONSECUTIVE_PREDICTED], enough, profile_of)
    assert none == ()
    assert len(profiled(drawn(200), [], profile_of)[0]) <= MAX_PROFILING_SAMPLES


def test_networks_that_cannot_be_built_limit_the_profiling() -> None:
    def refuse(net: Net) -> Json:
        raise BuildError("no compiler")

    samples, runs = profiled(drawn(50), [], refuse)
    assert samples == ()
    assert len(runs) == MAX_FAILED_SAMPLES


def test_samples_are_profiled_only_where_latency_matters() -> None:
    assert not uses_latency(CONFIG)
    assert uses_latency(SearchConfig.model_validate({"constraints": {"latency_ms": 5}}))
    assert uses_latency(SearchConfig.model_validate({"reward": {"target_ms": 5}}))
