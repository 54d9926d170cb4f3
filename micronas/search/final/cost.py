"""What the final training of a network costs, by the speed of its trial."""

from __future__ import annotations

from micronas.trial import Scores

START_CPU_S = 0.8
"""CPU seconds of a trial that do not grow with its epochs: tracing, conversion and scoring. Measured 0.8 to
1.3.
"""

CLOSING_S = 4.0
"""Seconds of a final training for statistics, conversion and scoring."""


EPOCH_CPU_S = "epoch_cpu_s"
"""In the details of a trial: CPU seconds of one of its epochs, without compiling."""


def epoch_cpu_s(scores: Scores) -> float:
    """CPU seconds of one epoch, by all of a trial's; 0 if the trial had none."""
    if scores.epochs == 0:
        return 0.0
    return max(scores.train_cpu_s - START_CPU_S, 0.5 * scores.train_cpu_s, 0.0) / scores.epochs


def final_cpu_s(scores: Scores, epochs: int, measured_s: float | None = None) -> float:
    """CPU seconds of a final training of ``epochs``, by the ``measured_s`` of one if that is known."""
    return epochs * (epoch_cpu_s(scores) if measured_s is None else measured_s) + CLOSING_S
