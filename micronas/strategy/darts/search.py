"""One bilevel search from a cell space to the cells given by its edge weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import process_time
from typing import Protocol

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data import Dataset
from micronas.errors import TrainError
from micronas.estimate.full import cached_dataset
from micronas.space.cell.arch import Cell
from micronas.strategy.darts.collapse import eigenvalue_jumped
from micronas.strategy.darts.discretise import cell_of, skips
from micronas.strategy.darts.edges import EdgeWeights
from micronas.strategy.darts.settings import DartsSettings
from micronas.train.bilevel_split import halves, shuffled_batches

Ints = npt.NDArray[np.int32]


class BilevelLoop(Protocol):
    """The interface of a search's loop; ``micronas.strategy.darts.loop.DartsLoop`` implements it."""

    def steps(self, weight_batches: Ints, edge_batches: Ints, rates: npt.NDArray[np.float32]) -> float:
        """Train; returns the mean training loss."""
        ...

    def eigenvalue(self, batch: Ints) -> float:
        """The dominant eigenvalue of the validation loss' Hessian."""
        ...

    def edge_weights(self) -> tuple[EdgeWeights, EdgeWeights]:
        """Weights of the normal and of the reduction cell."""
        ...


@dataclass(frozen=True, eq=False)
class CollapseCheck:
    """The observations at one check of a search."""

    step: int
    train_loss: float
    eigenvalue: float
    skips: int


@dataclass(frozen=True, eq=False)
class FoundCells:
    """The cells of a search, and why it ended: ``stopped`` is empty if it took all its steps.

    ``weights`` are the discretised weights of the normal and of the reduction cell.
    """

    normal: Cell
    reduction: Cell
    weights: tuple[EdgeWeights, EdgeWeights]
    checks: tuple[CollapseCheck, ...]
    stopped: str
    cpu_s: float


def search_cells(dataset: Dataset, nodes: int, settings: DartsSettings, seed: int) -> FoundCells:
    """Search cells of ``nodes`` nodes on the training split of ``dataset``.

    A pure function of its arguments on one CPU thread. Raises ``TrainError`` if a loss is not finite.
    """
    from micronas.strategy.darts.loop import DartsLoop
    from micronas.strategy.darts.supernet import CellSupernet
    from micronas.train.augment import augmentation_of

    start = process_time()
    supernet = CellSupernet(
        dataset.input_shape,
        dataset.n_classes,
        nodes,
        stack=settings.stack,
        channels=settings.channels,
        partial=settings.partial,
        seed=seed,
    )
    weight_half, edge_half = halves(dataset.train, seed)
    augment = augmentation_of(dataset, settings.augment)
    loop = DartsLoop(supernet, weight_half, edge_half, settings, augment, seed)
    schedule = _schedule(len(weight_half), len(edge_half), settings, seed)
    weights, checks, stopped = _run(loop, schedule, nodes, settings)
    return FoundCells(
        cell_of(weights[0], nodes, reduces=False),
        cell_of(weights[1], nodes, reduces=True),
        weights,
        checks,
        stopped,
        process_time() - start,
    )


def search_cells_named(data: DataConfig, nodes: int, settings: DartsSettings, seed: int) -> FoundCells:
    """``search_cells`` for a data set by its configuration: all its arguments are picklable."""
    return search_cells(cached_dataset(data), nodes, settings, seed)


def _run(
    loop: BilevelLoop, schedule: _Schedule, nodes: int, settings: DartsSettings
) -> tuple[tuple[EdgeWeights, EdgeWeights], tuple[CollapseCheck, ...], str]:
    """Train until done or until the cells collapse; returns the edge weights before the collapse."""
    history = [loop.edge_weights()]
    checks: list[CollapseCheck] = []
    for first in range(0, settings.steps, settings.check_every):
        piece = slice(first, first + settings.check_every)
        loss = loop.steps(schedule.weight_batches[piece], schedule.edge_batches[piece], schedule.rates[piece])
        if not math.isfinite(loss):
            raise TrainError(f"the supernet's loss became {loss} before step {first + settings.check_every}")
        if piece.stop <= schedule.warmup:
            continue
        now = loop.edge_weights()
        skipped = skips(cell_of(now[0], nodes, reduces=False))
        checks.append(CollapseCheck(piece.stop, loss, loop.eigenvalue(schedule.probe), skipped))
        if settings.early_stop and skipped > settings.max_skips:
            return history[-1], tuple(checks), f"{skipped} skip connections in the normal cell"
        eigenvalues = [check.eigenvalue for check in checks]
        jumped = eigenvalue_jumped(eigenvalues, settings.eigenvalue_growth, settings.eigenvalue_window)
        if settings.early_stop and jumped:
            before = history[-settings.eigenvalue_window]
            return before, tuple(checks), "the dominant eigenvalue of the Hessian jumped"
        history.append(now)
    return history[-1], tuple(checks), ""


@dataclass(frozen=True, eq=False)
class _Schedule:
    """One row or rate per step; edge batches are -1 while the edges do not learn."""

    weight_batches: Ints
    edge_batches: Ints
    rates: npt.NDArray[np.float32]
    warmup: int
    probe: Ints


def _schedule(weight_samples: int, edge_samples: int, settings: DartsSettings, seed: int) -> _Schedule:
    rng = np.random.default_rng([seed, 1])
    steps, batch = settings.steps, settings.batch_size
    weight_batches = shuffled_batches(rng, weight_samples, steps, batch)
    edge_batches = shuffled_batches(rng, edge_samples, steps, batch)
    warmup = round(settings.warmup_share * steps)
    edge_batches[:warmup] = -1
    falling = 0.5 + 0.5 * np.cos(np.pi * np.arange(steps) / steps)
    probe = rng.permutation(edge_samples)[:batch].astype(np.int32)
    rates = (settings.learning_rate * falling).astype(np.float32)
    return _Schedule(weight_batches, edge_batches, rates, warmup, probe)
