"""What every worker of a search imports; a process imports it once and forks the workers (``host.forking``).

Nothing here may start a thread or run a TensorFlow operation.
"""

from __future__ import annotations

import contextlib
import importlib

from micronas.search.evaluation import stages
from micronas.search.workers import executor
from micronas.train.process import prepare_process

__all__ = ["executor", "stages"]

prepare_process()
for _name in (
    "micronas.estimate.final_fit",
    "micronas.quantize.convert",
    "micronas.train.tf_model",
    "ai_edge_litert.interpreter",
):
    with contextlib.suppress(ImportError):  # the worker that needs it says so
        importlib.import_module(_name)
