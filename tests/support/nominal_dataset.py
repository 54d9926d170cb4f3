"""A data set in name only, for tests that need no samples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from micronas.data import DataKind, FrontEnd, Task

NOMINAL_DATASET: Any = SimpleNamespace(
    class_names=("a", "b"),
    front_end=FrontEnd("none", 1),
    kind=DataKind.STREAM,
    input_shape=(1,),
    input_range=(-1.0, 1.0),
    task=Task.CLASSIFY,
    unknown=(),
    target=None,
)
