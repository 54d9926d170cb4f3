"""A module that a worker imports while it starts; Ctrl-C comes just then. Used by test_child_process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

from micronas.search.evaluation.task import Evaluate
from tests.support.search_fakes import toy_evaluate

if multiprocessing.parent_process() is not None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)  # where a KeyboardInterrupt would be raised


def factory() -> Evaluate:
    return toy_evaluate
