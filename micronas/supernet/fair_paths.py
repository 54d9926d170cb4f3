"""Fairly drawn single paths for cells, where no network contains all others and could be distilled.

Each step trains one network on the labels (Guo et al. 2020). A round has as many steps as there are
operations, and every edge is drawn with each operation once, so that no operation has an advantage in a
comparison (FairNAS, Chu et al. 2021; there, the round is a single step, which gives a tenth of the steps for
the same computation).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.supernet.cell_region import FIRST_EDGE, GENES_PER_NODE, OPS, CellRegion
from micronas.supernet.shared_net import SharedNet
from micronas.train.loop import Loss
from micronas.train.objectives import Objective

Tensor: TypeAlias = Any

ROUNDS = 400
"""Rounds before the paths repeat in the same order: 4,000 networks."""


def fair_paths(shared: SharedNet[CellRegion], objective: Objective, seed: int) -> Loss:
    """The loss of a step, whose network is determined by ``seed`` and the step number."""
    rng = np.random.default_rng([seed, 5])
    paths = tf.constant(np.concatenate([fair_round(shared.region, rng) for _ in range(ROUNDS)]))

    def loss(parameters: Tensor, statistics: Tensor, x: Tensor, y: Tensor, number: Tensor) -> Any:
        genes = paths[number % len(paths)]
        return objective(x, y, shared.forward(parameters, genes, x)), statistics

    return loss


def fair_round(region: CellRegion, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """Canonical genes of one network per operation, int32 (operations, genes)."""
    return np.array([region.repaired(tuple(genes)) for genes in drawn_round(region, rng).tolist()], np.int32)


def drawn_round(region: CellRegion, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """As ``fair_round``, before the genes are brought into canonical form.

    All numbers of nodes are equally likely, as in ``CellSpace.sample``; edges of unused nodes have NONE.
    """
    drawn = np.stack([rng.integers(size, size=len(OPS)) for size in region.sizes], axis=1)
    for cell in range(2):
        start = FIRST_EDGE + cell * region.genes_per_cell
        live = int(rng.integers(1, region.space.limits.nodes + 1))
        for op in range(start + 1, start + region.genes_per_cell, 2):
            drawn[:, op] = rng.permutation(len(OPS))
            if op >= start + live * GENES_PER_NODE:
                drawn[:, op] = 0
    return np.asarray(drawn, np.int32)
