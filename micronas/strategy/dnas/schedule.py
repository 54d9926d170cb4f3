"""The schedule of a search, step by step: batches, rates and temperatures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.strategy.dnas.cost_tables import MACS, CostTables
from micronas.strategy.dnas.settings import DnasSettings
from micronas.train.bilevel_split import shuffled_batches
from micronas.train.settings import TrainSettings, learning_rates

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Schedule:
    """One row or value per step.

    ``weight_batches`` and ``choice_batches`` are int32 (steps, batch), indices into the two halves.
    ``choice_numbers`` counts the steps of the choices from 0; -1 while they do not learn.
    """

    weight_batches: Ints
    choice_batches: Ints
    rates: Floats
    temperatures: Floats
    choice_numbers: Ints

    def __len__(self) -> int:
        return len(self.rates)

    def piece(self, start: int, stop: int) -> Schedule:
        """Steps ``start`` to ``stop``."""
        return Schedule(
            self.weight_batches[start:stop],
            self.choice_batches[start:stop],
            self.rates[start:stop],
            self.temperatures[start:stop],
            self.choice_numbers[start:stop],
        )


def make_schedule(
    weight_samples: int, choice_samples: int, steps: int, settings: DnasSettings, seed: int
) -> Schedule:
    """Warm-up first, then annealing; the weights' rate is one-cycle, reaching zero at the end."""
    rng = np.random.default_rng([seed, 1])
    warmup = round(settings.warmup_share * steps)
    numbers = np.maximum(np.arange(steps) - warmup, -1)
    numbers[:warmup] = -1
    cooling = np.geomspace(settings.first_temperature, settings.last_temperature, steps - warmup)
    rates = learning_rates(TrainSettings(learning_rate=settings.learning_rate, warmup_share=0.1), steps)
    return Schedule(
        shuffled_batches(rng, weight_samples, steps, settings.batch_size),
        shuffled_batches(rng, choice_samples, steps, settings.batch_size),
        rates,
        np.concatenate([np.full(warmup, settings.first_temperature), cooling]).astype(np.float32),
        numbers.astype(np.int32),
    )


def step_count(tables: CostTables, settings: DnasSettings) -> int:
    """Number of steps within ``settings.giga_macs``.

    A step runs each path of the supernet at its widest, forward and backward (three times the forward
    operations), for the weights and, after warm-up, for the choices.
    """
    paths = sum(float(table[..., MACS].max(axis=(1, 2)).sum()) for table in tables.slots)
    widest = float(tables.stem[..., MACS].max()) + paths
    passes = 3.0 * (2.0 - settings.warmup_share)
    steps = settings.giga_macs * 1e9 / (passes * settings.batch_size * widest)
    return int(np.clip(steps, settings.min_steps, settings.max_steps))
