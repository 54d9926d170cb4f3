"""The part of a time budget that trials leave to the finalists and to the final training.

Without a fixed share, the final training of the best network so far is funded first, within limits: where an
epoch is short, all of its epochs are, and the trials get nearly all of the time. Beyond half of the budget
the trials are worth more, as long as the final training has enough epochs. Only where an epoch is so long
that half of the budget is not enough for these, most of the budget becomes the training of one good network.

The further trainings of the finalists are funded next, by what the best trial took: all of them, up to a
share of what the final training leaves, and none where too few trials fit to have finalists.
"""

from __future__ import annotations

from micronas.config import FinalFitConfig

SELECTION_OF_FINAL = 0.3
"""Share of a fixed reserve that may be used to train the finalists again."""

USUAL_SELECTION, MOST_SELECTION = 0.2, 0.3
"""Shares for that of what a planned final training leaves: until a trial is complete, and at most."""

TRIALS_PER_FINALIST = 4
"""Among fewer trials, the best one is not mere luck, and training it again is not worth the time."""

LEAST_FINAL, USUAL_FINAL, HALF_FINAL, MOST_FINAL = 0.1, 0.3, 0.5, 0.75
"""Shares of a budget that a planned final training may have, closing included; ``USUAL_FINAL`` until a trial
is complete, and more than ``HALF_FINAL`` only for ``ENOUGH_EPOCHS``.
"""

ENOUGH_EPOCHS = 40
"""Of a final training. On the digits, 71 epochs gained .009 over 8, and 147 no more
(docs/background/final_training.md).
"""


class Reserve:
    """See the module. ``fit`` has the configured share, or none, and the finalists and their trainings."""

    def __init__(self, total_s: float, fit: FinalFitConfig, least: float = LEAST_FINAL) -> None:
        """``least`` is the smallest share of a planned final training."""
        self._total_s, self._fit, self._least = total_s, fit, least
        self.final_s = USUAL_FINAL * total_s
        """Of the final training, closing included."""
        self._selection_s = USUAL_SELECTION * (total_s - self.final_s) if fit.candidates > 1 else 0.0

    def plan(self, final_s: float, enough_s: float, trial_s: float) -> None:
        """The final training of the best network so far would take ``final_s`` seconds, ``enough_s`` of them
        for ``ENOUGH_EPOCHS``; its trial took ``trial_s``.
        """
        most_s = max(HALF_FINAL * self._total_s, min(enough_s, MOST_FINAL * self._total_s))
        self.final_s = min(max(final_s, self._least * self._total_s), most_s)
        left_s = self._total_s - self.final_s
        few = 2 * TRIALS_PER_FINALIST * trial_s > left_s or self._fit.candidates < 2
        rounds_s = 0.0 if few else self._fit.seeds * self._fit.candidates * trial_s
        self._selection_s = min(rounds_s, MOST_SELECTION * left_s)

    @property
    def trials_end_s(self) -> float:
        """When no further trial may run."""
        if self._fit.share is not None:
            return self._total_s * (1.0 - self._fit.share)
        return self._total_s - self.final_s - self._selection_s

    @property
    def selection_end_s(self) -> float:
        """When finalists are no longer trained again."""
        if self._fit.share is not None:
            return self.trials_end_s + SELECTION_OF_FINAL * self._fit.share * self._total_s
        return self._total_s - self.final_s
