"""Labelled samples as an anomaly-detection task: one class is normal, all others are anomalies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.data.dataset import Task
from micronas.data.samples import Samples
from micronas.errors import DataError


def against_normal(samples: Samples, normal: str) -> Samples:
    """Label 0 for the class named ``normal``, 1 for all others.

    Raises ``DataError`` for an unknown class, and for folds, which would train on anomalies.
    """
    if normal not in samples.class_names:
        raise DataError(
            f"data option 'normal': no class {normal!r}", remedy=f"classes: {', '.join(samples.class_names)}"
        )
    if samples.fold is not None:
        raise DataError(
            "data option 'normal' cannot be combined with 'fold': anomalies must not be in training folds",
            remedy="remove 'fold'; 'groups' keeps the samples of one recording together",
        )
    is_normal = samples.y == samples.class_names.index(normal)
    return replace(
        samples,
        y=np.where(is_normal, 0, 1).astype(np.int64),
        class_names=("normal", "anomaly"),
        task=Task.DETECT_ANOMALIES,
    )
