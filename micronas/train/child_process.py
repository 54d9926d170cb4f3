"""Spawned processes that leave Ctrl-C to their parent from their first instruction, and go when it goes.

A terminal sends SIGINT to the whole process group. A child that ignores it only once its Python code runs
still dies of one that comes while the interpreter starts, with a traceback among the parent's last words.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

_POLL_S = 0.5
_HAS_MASKS = hasattr(signal, "pthread_sigmask")
"""Not on Windows, where a child's last words may be among its parent's."""


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Start a pool within: threads and processes begun here are born with SIGINT blocked.

    The calling thread gets a SIGINT of the meantime at the end. Children call ``follow_parent``.
    """
    if not _HAS_MASKS:
        yield
        return
    _start_resource_tracker()  # it would unblock SIGINT where it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_resource_tracker() -> None:
    """It ignores SIGINT and SIGTERM by itself; a terminal that is closed must not end it early either."""
    if threading.current_thread() is not threading.main_thread():
        resource_tracker.ensure_running()
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, before)


def follow_parent(parent: int) -> None:
    """First thing in a child: Ctrl-C is the parent's business; and it does not outlive a killed parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _HAS_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_leave_with_parent, args=(parent,), daemon=True).start()


def _leave_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    os._exit(1)
