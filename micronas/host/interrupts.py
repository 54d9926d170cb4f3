"""Ctrl-C, where it is held so that processes which are started do not receive it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_taken() -> Iterator[None]:
    """Context for a wait that starts nothing: the main thread receives SIGINT inside, although it holds it.

    Other threads continue to hold it: Python's handlers run in the main thread, which their signal would not
    wake. POSIX only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
