"""Settings of a bilevel search, with all defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class DartsSettings:
    """Weights learn on one half of the training split, the cells' edges on the other. ``stack`` defines which
    cells of the supernet halve the plane.

    ``order`` 2 looks one step of the weights ahead, at about two and a half times the cost. One of every
    ``partial`` channels goes through the mixed operations; the others bypass them. ``max_skips`` and
    ``eigenvalue_growth`` end a search that collapses; both are checked every ``check_every`` steps.
    Plain DARTS has ``partial`` 1 and no ``early_stop``: the checks are then recorded, but do not end it.
    ``class_weights`` lets every class count equally in both losses.
    """

    order: Literal[1, 2] = 1
    steps: int = 300
    warmup_share: float = 0.4
    batch_size: int = 32
    stack: tuple[bool, ...] = (False, True, False)
    channels: int = 8
    partial: int = 2
    learning_rate: float = 0.08
    momentum: float = 0.9
    weight_decay: float = 3e-4
    clip_norm: float = 5.0
    edge_learning_rate: float = 0.02
    edge_weight_decay: float = 1e-3
    check_every: int = 30
    max_skips: int = 2
    eigenvalue_growth: float = 1.0 / 0.75
    eigenvalue_window: int = 3
    power_iterations: int = 30
    early_stop: bool = True
    augment: float = 1.0
    class_weights: bool = False

    def scaled(self, length: float) -> DartsSettings:
        """The same search with ``length`` times the steps."""
        return replace(self, steps=max(self.check_every, round(self.steps * length)))
