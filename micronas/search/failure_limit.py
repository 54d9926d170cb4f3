"""Stops a search early if consecutive trials fail for the same reason, or if the board fails."""

from __future__ import annotations

import re

from micronas.errors import DeviceError, FlashError, SearchError, plural
from micronas.trial import PREDICTION_STAGE, Outcome, Trial

_FIGURE = (
    r"(?:\b0x[0-9a-f]+\b"  # addresses
    r"|\b(?=[a-f]*[0-9])[0-9a-f]{7,}\b"  # build ids and digests
    r"|(?<![\w.])[-+]?(?:nan|inf(?:inity)?)\b"
    r"|(?:(?<![\w)])[-+])?(?:[0-9]+(?:,[0-9]{3})*(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?)"
)
_FIGURES = re.compile(rf"{_FIGURE}(?: x {_FIGURE})*", re.IGNORECASE)  # a shape is one figure
_COUNTED = re.compile(r"# (\w+?)s?\b")  # "1 byte" and "2 bytes"
_DEVICE_STAGES = (DeviceError.stage, FlashError.stage)


class FailureLimit:
    """Stops the search after consecutive equal failures, or at the first board failure if configured."""

    def __init__(self, limit: int, stop_without_board: bool) -> None:
        self._limit, self._kind, self._length = limit, "", 0
        self._stop_without_board = stop_without_board

    def add(self, trial: Trial) -> None:
        """Raise ``SearchError`` if ``trial`` reaches the limit."""
        if self._stop_without_board and failed_for_its_device(trial):
            raise SearchError(
                f"trial {trial.number} failed because of the device: {trial.reason}",
                remedy="Repair or reconnect the board and continue with --resume. To keep searching after a "
                "board failure, set on_board_failure: continue.",
            )
        if trial.stage == PREDICTION_STAGE:
            return  # cost nothing; similar trials that are measured do count
        kind = _kind_of_end(trial)
        self._length = self._length + 1 if kind and kind == self._kind else int(bool(kind))
        self._kind = kind
        if self._length >= self._limit:
            raise SearchError(
                f"{plural(self._length, 'trial')} in a row failed for the same reason, "
                f"in stage {trial.stage!r}: {trial.reason}",
                remedy="Fix the cause and continue with --resume. max_equal_failures sets how many "
                "identical failures in a row are tolerated.",
            )


def _kind_of_end(trial: Trial) -> str:
    """Equal for trials that failed for the same reason; figures are replaced, as they differ between
    networks.
    """
    if trial.outcome is Outcome.COMPLETE:
        return ""
    if trial.outcome is Outcome.INFEASIBLE:
        return "over budget"
    return f"{trial.stage}: {without_figures(trial.reason)}"


def without_figures(reason: str) -> str:
    """``reason`` with every number, shape and hexadecimal id replaced, in any notation."""
    return _COUNTED.sub(r"# \1", _FIGURES.sub("#", reason))


def failed_for_its_device(trial: Trial) -> bool:
    """Whether a trial failed because of the device and not because of its network."""
    return trial.outcome is Outcome.FAILED and trial.stage in _DEVICE_STAGES
