"""Training settings of a network, with all defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.config import EstimatorConfig
from micronas.train.regression import MSE

Array: TypeAlias = npt.NDArray[np.float32]

LIGHT = 0.5
"""Augmentation of a short training; stronger distortion would need more epochs."""


@dataclass(frozen=True)
class TrainSettings:
    """One-cycle AdamW (Loshchilov & Hutter 2019; Smith & Topin 2018).

    The rate rises linearly for ``warmup_share`` of the steps to ``learning_rate``, then falls to zero
    along a cosine. Training stops early after ``patience`` epochs whose validation loss is not at least
    ``min_delta`` below the best. ``augment`` is a strength as defined in augment.py: 0 is none, 1 is for a
    final fit. ``class_weights`` lets every class count equally. ``loss`` is that of a regression.
    """

    epochs: int = 8
    batch_size: int = 32
    learning_rate: float = 0.02
    warmup_share: float = 0.25
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    augment: float = 0.0
    patience: int = 4
    min_delta: float = 0.0
    class_weights: bool = False
    loss: str = MSE

    @classmethod
    def from_config(cls, config: EstimatorConfig) -> TrainSettings:
        """The settings of a search configuration; the rest keeps its default."""
        return cls(
            epochs=config.epochs,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            augment=LIGHT if config.augment else 0.0,
            patience=config.patience,
            class_weights=config.class_weights,
            loss=config.loss or MSE,
        )

    def for_epochs(self, epochs: int) -> TrainSettings:
        """The same settings with another number of epochs."""
        return replace(self, epochs=epochs)


def learning_rates(settings: TrainSettings, steps: int) -> Array:
    """The schedule of a whole training, one rate per step; float32 (steps,)."""
    share = (np.arange(steps) + 0.5) / steps
    return (settings.learning_rate * one_cycle(share, settings.warmup_share)).astype(np.float32)


def one_cycle(share: npt.NDArray[np.float64], warmup_share: float) -> npt.NDArray[np.float64]:
    """Factor 0..1 of the peak rate when ``share`` (0..1) of the training is done."""
    warm = max(warmup_share, 1e-9)
    falling = 0.5 + 0.5 * np.cos(np.pi * (share - warm) / (1 - warm))
    return np.where(share < warm, share / warm, falling)
