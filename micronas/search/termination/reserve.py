"""The part of a time budget that trials leave to the finalists and to the final training.

Without a fixed share, the final training of the best network so far is funded first, within limits: where an
epoch is long, a long final training gains more than more trials do, and where it is short, the trials get
nearly all of the time.
"""

from __future__ import annotations

SELECTION_OF_FINAL = 0.3
"""Share of a fixed reserve that may be used to train the finalists again."""

SELECTION_SHARE = 0.1
"""Share of a budget for that, on top of a planned final training."""

LEAST_FINAL, USUAL_FINAL, MOST_FINAL = 0.1, 0.3, 0.75
"""Shares of a budget that a planned final training may have; ``USUAL_FINAL`` until a trial is complete."""


class Reserve:
    """See the module. ``share`` is configured, None to plan it; ``selects``: finalists are trained again."""

    def __init__(self, total_s: float, share: float | None, *, selects: bool = True) -> None:
        self._total_s, self._share = total_s, share
        self._selection_s = SELECTION_SHARE * total_s if selects else 0.0
        self._final_s = USUAL_FINAL * total_s

    def plan(self, final_s: float) -> None:
        """The final training of the best network so far would take ``final_s`` seconds."""
        self._final_s = min(max(final_s, LEAST_FINAL * self._total_s), MOST_FINAL * self._total_s)

    @property
    def trials_end_s(self) -> float:
        """When no further trial may run."""
        if self._share is not None:
            return self._total_s * (1.0 - self._share)
        return self._total_s - self._final_s - self._selection_s

    @property
    def selection_end_s(self) -> float:
        """When finalists are no longer trained again."""
        if self._share is not None:
            return self.trials_end_s + SELECTION_OF_FINAL * self._share * self._total_s
        return self._total_s - self._final_s
