"""A supernet's training on disk: one file, replaced atomically after every epoch."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micronas.errors import StoreError
from micronas.train.loop_state import LoopState

STATE_ARRAYS = 5
"""Fields of a ``LoopState``."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training after ``epochs`` of ``planned`` epochs, and its cost in all sessions."""

    state: LoopState
    epochs: int
    planned: int
    cpu_s: float
    wall_s: float

    def save(self, path: Path) -> None:
        """Write to ``path``: after a kill, either the old or the new file exists."""
        draft = path.with_suffix(".new")
        with draft.open("wb") as file:
            np.savez(
                file,
                *self.state.arrays,
                steps=self.state.steps,
                epochs=self.epochs,
                planned=self.planned,
                cpu_s=self.cpu_s,
                wall_s=self.wall_s,
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)

    @classmethod
    def load(cls, path: Path) -> Checkpoint | None:
        """The checkpoint at ``path``; None if there is none. Raises ``StoreError`` for a damaged one."""
        if not path.exists():
            return None
        try:
            with np.load(path) as saved:
                arrays = tuple(saved[f"arr_{i}"] for i in range(STATE_ARRAYS))
                return cls(
                    LoopState(arrays, int(saved["steps"])),
                    int(saved["epochs"]),
                    int(saved["planned"]),
                    float(saved["cpu_s"]),
                    float(saved["wall_s"]),
                )
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise StoreError(
                f"{path}: not a checkpoint of a supernet: {error}",
                remedy="remove the file; the supernet is then trained again from the start",
            ) from error
