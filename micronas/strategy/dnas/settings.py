"""Settings of a differentiable search, with all defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class DnasSettings:
    """Weights learn on one half of the training split, choices on the other.

    The work is limited in operations, not in seconds, so that a search repeats exactly: ``giga_macs`` of
    supernet (forward and backward) set the number of steps, between ``min_steps`` and ``max_steps``. During
    the first ``warmup_share`` of them only weights learn, with uniformly drawn choices. ``class_weights``
    lets every class count equally in both losses.
    """

    giga_macs: float = 1000.0
    min_steps: int = 60
    max_steps: int = 800
    warmup_share: float = 0.4
    batch_size: int = 32
    learning_rate: float = 0.005
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    choice_learning_rate: float = 0.06
    first_temperature: float = 3.0
    last_temperature: float = 0.6
    budget_weight: float = 8.0
    augment: float = 1.0
    class_weights: bool = False

    def scaled(self, length: float) -> DnasSettings:
        """The same search with ``length`` times the work."""
        return replace(
            self,
            giga_macs=self.giga_macs * length,
            max_steps=max(self.min_steps, round(self.max_steps * length)),
        )
