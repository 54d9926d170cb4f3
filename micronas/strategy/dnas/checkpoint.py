"""``Learned`` in a run folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from micronas.strategy.dnas.backbone import ChoiceBackbone
from micronas.strategy.dnas.search import Learned
from micronas.train.checkpoint import Arrays, load_arrays, save_arrays


def save_learned(learned: Learned, path: Path) -> None:
    """Write to ``path`` atomically."""
    save_arrays(
        path,
        {
            "probabilities": np.concatenate(learned.probabilities),
            "sizes": np.array([len(p) for p in learned.probabilities]),
            "steps": np.array(learned.steps),
            "weight_losses": np.array(learned.weight_losses),
            "choice_losses": np.array(learned.choice_losses),
            "cpu_s": np.array(learned.cpu_s),
        },
    )


def load_learned(path: Path, backbone: ChoiceBackbone) -> Learned | None:
    """The result that ``save_learned`` wrote for ``backbone``; None if the file is missing.

    Raises ``StoreError`` for a damaged file, and for a file of another backbone.
    """
    sizes = backbone.decision_sizes

    def read(arrays: Arrays) -> Learned:
        there = tuple(int(size) for size in arrays["sizes"])
        if there != sizes:
            raise ValueError(f"decisions of {there} options, but the run has {sizes}")
        probabilities = arrays["probabilities"].astype(np.float32)
        if not np.isfinite(probabilities).all():
            raise ValueError("a probability is not finite")
        return Learned(
            tuple(np.split(probabilities, np.cumsum(sizes)[:-1])),
            int(arrays["steps"]),
            tuple(arrays["weight_losses"].tolist()),
            tuple(arrays["choice_losses"].tolist()),
            float(arrays["cpu_s"]),
        )

    return load_arrays(path, read)
