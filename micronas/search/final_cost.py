"""What the final training of a network costs, by the speed of its trial."""

from __future__ import annotations

from micronas.trial import Scores

START_CPU_S = 0.8
"""CPU seconds of a trial that do not grow with its epochs: tracing, conversion and scoring. Measured 0.8 to
1.3.
"""

PLANNED_SHARE = 0.9
"""Share of the final training's time that planned epochs may take: a cut costs more than a reserve."""

CLOSING_S = 4.0
"""Seconds of a final training for statistics, conversion and scoring."""


def epoch_cpu_s(scores: Scores) -> float:
    """CPU seconds of one epoch; 0 if the trial had none."""
    if scores.epochs == 0:
        return 0.0
    return max(scores.train_cpu_s - START_CPU_S, 0.5 * scores.train_cpu_s, 0.0) / scores.epochs


def final_cpu_s(scores: Scores, epochs: int) -> float:
    """CPU seconds of a final training of ``epochs``."""
    return epochs * epoch_cpu_s(scores) / PLANNED_SHARE + CLOSING_S


def planned_epochs(scores: Scores | None, epochs: int, limit_s: float | None) -> int:
    """``epochs``, or as many as fit into ``limit_s`` seconds at the speed of the trial, at least one.

    A schedule that ends is worth more than a longer one that is cut.
    """
    epoch_s = epoch_cpu_s(scores) if scores is not None else 0.0
    if not epochs or limit_s is None or epoch_s <= 0:
        return epochs
    return max(1, min(epochs, int(PLANNED_SHARE * (limit_s - CLOSING_S) / epoch_s)))
