"""The part of a time budget that trials leave to the finalists and to the final training.

Without a fixed share, the final training of the best network so far is funded first, within limits: where an
epoch is short, all of its epochs are, and the trials get nearly all of the time. Beyond half of the budget
the trials are worth more, as long as the final training has enough epochs. Only where an epoch is so long
that half of the budget is not enough for these, most of the budget becomes the training of one good network.
"""

from __future__ import annotations

SELECTION_OF_FINAL = 0.3
"""Share of a fixed reserve that may be used to train the finalists again."""

SELECTION_SHARE = 0.2
"""Share for that of what a planned final training leaves: two trainings of each finalist where a trial takes
2 % of it.
"""

LEAST_FINAL, USUAL_FINAL, HALF_FINAL, MOST_FINAL = 0.1, 0.3, 0.5, 0.75
"""Shares of a budget that a planned final training may have; ``USUAL_FINAL`` until a trial is complete, and
more than ``HALF_FINAL`` only for ``ENOUGH_EPOCHS``.
"""

ENOUGH_EPOCHS = 40
"""Of a final training. On the digits, 71 epochs gained .009 over 8, and 147 no more
(docs/background/training.md).
"""


class Reserve:
    """See the module. ``share`` is configured, None to plan it; ``selects``: finalists are trained again."""

    def __init__(self, total_s: float, share: float | None, *, selects: bool = True) -> None:
        self._total_s, self._share = total_s, share
        self._selects = selects
        self._final_s = USUAL_FINAL * total_s

    def plan(self, final_s: float, enough_s: float) -> None:
        """The final training of the best network so far would take ``final_s`` seconds, ``enough_s`` of them
        for ``ENOUGH_EPOCHS``.
        """
        most_s = max(HALF_FINAL * self._total_s, min(enough_s, MOST_FINAL * self._total_s))
        self._final_s = min(max(final_s, LEAST_FINAL * self._total_s), most_s)

    @property
    def trials_end_s(self) -> float:
        """When no further trial may run."""
        if self._share is not None:
            return self._total_s * (1.0 - self._share)
        selection_s = SELECTION_SHARE * (self._total_s - self._final_s) if self._selects else 0.0
        return self._total_s - self._final_s - selection_s

    @property
    def selection_end_s(self) -> float:
        """When finalists are no longer trained again."""
        if self._share is not None:
            return self.trials_end_s + SELECTION_OF_FINAL * self._share * self._total_s
        return self._total_s - self._final_s
