"""Profiles of untrained networks predict what trained ones take in the emulator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from micronas.board import load_board
from micronas.config import SearchConfig
from micronas.estimate.full import cached_dataset, estimate
from micronas.search.evaluation.placement import place
from micronas.search.evaluation.task import TrialTask
from micronas.search.subnets.latency import ProfiledNetwork
from micronas.search.subnets.profiling_samples import run_untrained
from micronas.search.subnets.search import RegionWalk
from micronas.train.settings import TrainSettings

pytestmark = [pytest.mark.emulator, pytest.mark.slow, pytest.mark.timeout(600)]

CONFIG = SearchConfig.model_validate(
    {
        "board": "nucleo_f446re",
        "data": {"name": "digits"},
        "space": {"max_blocks": 3, "max_width": 24},
        "latency": {"source": "emulated"},
        "constraints": {"flash_kb": 24, "sram_kb": 16, "latency_ms": 5},
    }
)


def test_profiles_of_untrained_networks_hold_for_trained_ones() -> None:
    board, dataset = load_board("nucleo_f446re"), cached_dataset(CONFIG.data)
    run = run_untrained(CONFIG, board)
    first = RegionWalk(CONFIG, board)
    hand = first.space.baselines()[-1]
    observed = ProfiledNetwork(first.space.to_json(hand), run(first.space.net(hand)))
    walk = RegionWalk(CONFIG, board, [observed])
    samples = walk.profile(run)
    assert samples
    networks = [
        arch for arch in map(walk.region.arch, walk.region.baselines()) if walk.latency.by_model(arch)
    ]
    assert len(networks) >= 2
    for arch in (networks[0], networks[-1]):
        expected = walk.latency.by_model(arch)
        assert expected is not None
        assert expected.error is not None
        short = replace(TrainSettings.from_config(CONFIG.estimator), epochs=1)
        trained = estimate(walk.space.net(arch), CONFIG.data, short, seed=5)
        task = TrialTask(0, walk.space.to_json(arch), walk.space.key(arch), final=True)
        placed = place(trained.tflite, task, CONFIG, board, dataset)
        assert placed.latency is not None
        assert expected.ms == pytest.approx(placed.latency.ms, rel=2 * expected.error)
