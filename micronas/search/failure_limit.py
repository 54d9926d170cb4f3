"""When a search stops by itself: trial after trial ends in the same way, or its board is dead."""

from __future__ import annotations

import re

from micronas.errors import DeviceError, FlashError, SearchError, plural
from micronas.trial import FORECAST_STAGE, Outcome, Trial

_FIGURES = re.compile(r"\b[0-9a-f]{16,}\b|[0-9]+")  # build ids and numbers
_DEVICE_STAGES = (DeviceError.stage, FlashError.stage)


class FailureLimit:
    """Stops the search when every trial ends in the same way, or at once for a dead board if asked to."""

    def __init__(self, limit: int, stop_without_board: bool) -> None:
        self._limit, self._kind, self._length = limit, "", 0
        self._stop_without_board = stop_without_board

    def add(self, trial: Trial) -> None:
        """Raise ``SearchError`` if this was one too many."""
        if self._stop_without_board and failed_for_its_device(trial):
            raise SearchError(
                f"trial {trial.number} failed for its device: {trial.reason}",
                remedy="Repair or reconnect the board and continue with --resume. To keep searching after a "
                "board failure, set on_board_failure: continue.",
            )
        if trial.stage == FORECAST_STAGE:
            return  # cost nothing; those like it that are measured count
        kind = _kind_of_end(trial)
        self._length = self._length + 1 if kind and kind == self._kind else int(bool(kind))
        self._kind = kind
        if self._length >= self._limit:
            raise SearchError(
                f"{plural(self._length, 'trial')} in a row ended alike, "
                f"in stage {trial.stage!r}: {trial.reason}",
                remedy="mend the cause and go on with --resume; max_equal_failures sets how many are borne",
            )


def _kind_of_end(trial: Trial) -> str:
    """Equal for trials that failed alike: figures in a reason differ from network to network."""
    if trial.outcome is Outcome.COMPLETE:
        return ""
    if trial.outcome is Outcome.INFEASIBLE:
        return "over budget"
    return f"{trial.stage}: {_FIGURES.sub('#', trial.reason)}"


def failed_for_its_device(trial: Trial) -> bool:
    """Whether it says nothing of the network that a trial failed."""
    return trial.outcome is Outcome.FAILED and trial.stage in _DEVICE_STAGES
