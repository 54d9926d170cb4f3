"""Every strategy but the differentiable ones walks the region of every space."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from micronas.board import load_board
from micronas.config import SearchConfig
from micronas.memory.ledger import Budget, make_ledger
from micronas.model.net import shape_graph
from micronas.search.subnets.search import RegionWalk
from micronas.strategy import DIFFERENTIABLE, PREDICTORS, STRATEGIES

pytest.importorskip("tensorflow")

from micronas.estimate.full import cached_dataset
from micronas.supernet import SUPERNET_SPACES
from micronas.supernet.fit import Supernet, fit_supernet
from micronas.train.settings import TrainSettings

BOARD = load_board("nucleo_f446re")
SUBNETS = 8


def config(space: str, strategy: str) -> SearchConfig:
    return SearchConfig.model_validate(
        {
            "data": {"name": "vibration" if space == "autoencoder" else "digits"},
            "space": {"name": space, "max_blocks": 3, "max_width": 16},
            "strategy": {"name": strategy, "population": 3, "sample": 2},
            "estimator": {"name": "supernet", "supernet": {"subnets": SUBNETS}},
            "constraints": {"flash_kb": 48, "sram_kb": 24},
            "budget": {"trials": 4},
            "device": "none",
        }
    )


@cache
def fitted(space: str) -> Supernet:
    """Trained a little, once for all strategies."""
    plan = config(space, "random")
    region = RegionWalk(plan, BOARD).region
    return fit_supernet(region, cached_dataset(plan.data), TrainSettings(epochs=1), seed=0).supernet


@pytest.mark.slow
@pytest.mark.parametrize(
    "strategy", [name for name in STRATEGIES if name not in (*DIFFERENTIABLE, *PREDICTORS)]
)
@pytest.mark.parametrize(
    "space",
    [pytest.param(s, marks=[pytest.mark.exhaustive] if s == "cell" else []) for s in SUPERNET_SPACES],
)
def test_a_strategy_walks_the_region(space: str, strategy: str) -> None:
    walk, supernet = RegionWalk(config(space, strategy), BOARD), fitted(space)
    subnets = list(walk.scored(supernet.accuracy, lambda: True))
    again: list[Any] = list(
        RegionWalk(config(space, strategy), BOARD).scored(supernet.accuracy, lambda: True)
    )
    assert subnets == again
    assert 5 <= len({subnet.key for subnet in subnets}) == len(subnets) <= SUBNETS
    assert len({subnet.quality_shared for subnet in subnets}) > 1
    assert supernet.traces == 1
    for subnet in subnets:
        net = walk.space.net(walk.space.from_json(subnet.arch))
        ledger = make_ledger(shape_graph(net), BOARD, within=Budget(48 * 1024, 24 * 1024))
        assert ledger.flash_bytes <= 48 * 1024
        assert ledger.sram_bytes <= 24 * 1024
