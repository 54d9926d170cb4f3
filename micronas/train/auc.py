"""Area under the ROC curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.errors import DataError


def auc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Probability that a positive scores above a negative, ties counting half; 0.5 is chance.

    That is the Mann-Whitney statistic (Hanley and McNeil 1982). Raises ``DataError`` if one of the classes is
    missing.
    """
    values, is_positive = np.asarray(scores, np.float64), np.asarray(positive, dtype=bool)
    ours, others = values[is_positive], np.sort(values[~is_positive])
    if len(ours) == 0 or len(others) == 0:
        raise DataError("an AUC needs samples of both classes", remedy="give more samples")
    below = np.searchsorted(others, ours, side="left")
    not_above = np.searchsorted(others, ours, side="right")
    return float((below + not_above).sum() / (2 * len(ours) * len(others)))


def partial_auc(scores: npt.ArrayLike, positive: npt.ArrayLike, most_false_alarms: float) -> float:
    """The AUC over the ``most_false_alarms`` (0..1) of negatives that score highest, at least one.

    That is the pAUC of the DCASE challenges on machine sounds (Koizumi et al. 2020). Raises as ``auc``.
    """
    values, is_positive = np.asarray(scores, np.float64), np.asarray(positive, dtype=bool)
    others = np.sort(values[~is_positive])[::-1]
    highest = others[: max(1, int(most_false_alarms * len(others)))]
    ours = values[is_positive]
    return auc(np.concatenate([ours, highest]), np.arange(len(ours) + len(highest)) < len(ours))
