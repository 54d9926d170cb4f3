"""Spawned processes that leave Ctrl-C to their parent from the start, and end when the parent ends.

A terminal sends SIGINT to the whole process group. A child that ignores it only once its Python code runs can
still be killed while the interpreter starts, with a traceback in the parent's output.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process, resource_tracker
from multiprocessing.process import BaseProcess

_POLL_S = 0.5
_HAS_MASKS = hasattr(signal, "pthread_sigmask")
"""Not on Windows, where a child's last words may be among its parent's."""


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Context for starting a pool: threads and processes started inside have SIGINT blocked.

    The calling thread receives a SIGINT that arrived meanwhile at the end. Children call ``follow_parent``.
    """
    if not _HAS_MASKS:
        yield
        return
    _start_resource_tracker()  # it would unblock SIGINT when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_resource_tracker() -> None:
    """It ignores SIGINT and SIGTERM itself; closing the terminal must not end it early either."""
    if threading.current_thread() is not threading.main_thread():
        resource_tracker.ensure_running()
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, before)


def follow_parent() -> None:
    """Call first in a child: it ignores Ctrl-C, which the parent handles, and ends with the parent.

    SIGTERM, by which the parent stops it, ends it at once. A handler of Python's would run only when native
    code, such as the import of TensorFlow, returns.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if _HAS_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_leave_with, args=(os.getppid(), parent_process()), daemon=True).start()


def _leave_with(above: int, parent: BaseProcess | None) -> None:
    """``above`` is the parent, or the server that forked this process and lives as long as its processes."""
    while os.getppid() == above and (parent is None or parent.is_alive()):
        time.sleep(_POLL_S)
    os._exit(1)
