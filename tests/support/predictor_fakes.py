"""The predictor on toy words: sizes and a ledger made of their digits."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering import Target
from micronas.config import DataConfig, RewardConfig
from micronas.memory.ledger import Budget
from micronas.strategy import Accept
from micronas.strategy.predictor import Acquisition, HypervolumeImprovement, Predictor, RewardImprovement
from micronas.strategy.problem import Problem
from tests.support.search_fakes import ToyArch, ToySpace, toy_scores

BUDGET = Budget(flash_bytes=3000, sram_bytes=60)


def toy_ledger(arch: ToyArch) -> Any:
    """The bytes that ``toy_scores`` says, in no memory region."""
    scores = toy_scores(list(arch.genes))
    return SimpleNamespace(flash_bytes=scores.flash_bytes, sram_bytes=scores.sram_bytes, regions=())


def toy_features(arch: ToyArch) -> npt.NDArray[np.float64]:
    """Three sizes, a depth of one layer, and the digits."""
    size = math.log2(1 + sum(arch.genes))
    return np.array([size, size, size, 0.0, *arch.genes], np.float64)


def toy_problem(**changes: Any) -> Problem:
    return Problem(DataConfig(), Target("cortex-m4"), BUDGET, toy_ledger, **changes)


def toy_predictor(
    name: str, seed: int = 0, accept: Accept = lambda arch: True, problem: Problem | None = None
) -> Predictor:
    problem = problem or toy_problem()
    aim: Acquisition = HypervolumeImprovement(problem.budget, problem.latency_ms, problem.error_limit)
    if name == "predictor_reward":
        aim = RewardImprovement(RewardConfig())
    return Predictor(ToySpace(), seed, accept, problem, aim, pool=24, describe=toy_features)
