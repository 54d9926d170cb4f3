"""Labelled samples as an anomaly-detection task: one class is normal, all others are anomalies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.data.dataset import Task
from micronas.data.samples import Samples
from micronas.errors import DataError


def against_normal(samples: Samples, normal: str) -> Samples:
    """Label 0 for the class named ``normal``, 1 for all others.

    Raises ``DataError`` for an unknown class, and for groups or folds, which this split cannot keep separate.
    """
    if normal not in samples.class_names:
        raise DataError(
            f"data option 'normal': no class {normal!r}", remedy=f"classes: {', '.join(samples.class_names)}"
        )
    if samples.groups is not None or samples.fold is not None:
        raise DataError(
            "data option 'normal' cannot be combined with 'groups' or 'fold'",
            remedy="remove them, or keep one sample per group with 'keep'",
        )
    is_normal = samples.y == samples.class_names.index(normal)
    return replace(
        samples,
        y=np.where(is_normal, 0, 1).astype(np.int64),
        class_names=("normal", "anomaly"),
        task=Task.DETECT_ANOMALIES,
    )
