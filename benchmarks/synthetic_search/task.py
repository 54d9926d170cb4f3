"""A search task without training: real architectures and exact bytes, an invented accuracy.

The error of a network falls with its parameters and operations, has an optimum in depth, and depends on
details of its layers that no strategy knows. A random part, fixed per network and seed, stands for the luck
of a training. The figures say how strategies search. They say nothing about accuracy on data.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.config import DataConfig, SpaceConfig
from micronas.memory.budget import make_budget
from micronas.memory.ledger import Budget
from micronas.model.net import Conv, DepthwiseConv, Net
from micronas.search.gate import LedgerGate
from micronas.space import Arch, Space, make_space
from micronas.strategy import Problem
from micronas.trial import Outcome, Scores, Trial

LUCK_SD = 0.08
"""Standard deviation of the error's logarithm between trainings of one network."""

GUESSING = 0.9
"""The error of a network that always names the most frequent of ten equal classes."""


@dataclass(frozen=True)
class Task:
    """A space with its limits and a budget in bytes."""

    space: Space
    budget: Budget
    gate: LedgerGate

    @property
    def problem(self) -> Problem:
        """What predictors and NSGA-II reckon with; no network is trained."""
        core = load_board("nucleo_f446re").core
        return Problem(DataConfig(), Target(core), self.budget, self.gate.ledger, error_limit=GUESSING)

    def trial(self, number: int, arch: Arch, seed: int) -> Trial:
        """The outcome of ``arch``: INFEASIBLE over budget, otherwise its invented figures."""
        key, data = self.space.key(arch), self.space.to_json(arch)
        if not self.gate.fits(arch):
            return Trial(number, data, key, Outcome.INFEASIBLE, stage="budget", origin="strategy")
        ledger, net = self.gate.ledger(arch), self.space.net(arch)
        quality = 1.0 - error_of(net, luck(key, seed))
        scores = Scores(
            quality_int8=quality,
            quality_float=quality,
            flash_bytes=ledger.flash_bytes,
            sram_bytes=ledger.sram_bytes,
            macs=net.macs,
            parameters=net.parameters,
            latency=None,
            reward=quality,
            epochs=1,
            train_cpu_s=0.0,
        )
        return Trial(number, data, key, Outcome.COMPLETE, scores, origin="strategy")


def make_task(flash_kb: float = 48.0, sram_kb: float = 24.0) -> Task:
    """The layer-wise space on 28 x 28 pictures of ten classes."""
    board = load_board("nucleo_f446re")
    budget = make_budget(board, flash_kb, sram_kb)
    space = make_space(SpaceConfig(max_width=64), (28, 28, 1), 10)
    return Task(space, budget, LedgerGate(space, board, "micronas", budget))


def error_of(net: Net, luck: float = 0.0) -> float:
    """The invented error; ``luck`` is added to its logarithm."""
    convolutions = [n.layer for n in net.nodes if isinstance(n.layer, Conv | DepthwiseConv)]
    tall = [layer.kernel_h >= 5 for layer in convolutions if layer.kernel_h > 1]
    wide = np.mean(tall) if tall else 0.0
    separable = sum(isinstance(layer, DepthwiseConv) for layer in convolutions) / len(convolutions)
    log_error = (
        -1.0
        - 0.30 * math.log2(net.parameters / 2_000)
        - 0.10 * math.log2(net.macs / 200_000)
        + 0.02 * (len(convolutions) - 9) ** 2
        - 0.35 * float(wide)
        + 0.60 * (separable - 0.35) ** 2
    )
    return min(GUESSING, math.exp(log_error + luck))


def luck(key: str, seed: int) -> float:
    """Normal with ``LUCK_SD``; the same for a network whenever it is asked for in a run."""
    digest = hashlib.sha256(f"{seed} {key}".encode()).digest()
    return LUCK_SD * float(np.random.default_rng(list(digest)).standard_normal())
