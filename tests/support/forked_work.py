"""An image of ``host.forking`` for its tests, and what processes do that are forked from it."""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

imported_by = os.getpid()


def answer(pipe: Connection) -> None:
    """Send what this process was given; in a forked one, the parent is the server."""
    threads = len(os.listdir(f"/proc/{os.getppid()}/task"))
    pipe.send((imported_by, os.getppid(), threads, os.environ.get("FORKED_WORK"), sys.path))


def say_pid_and_wait(folder: str) -> None:
    """Write this process' id and its parent's into ``folder``; wait for the end of the parent."""
    import threading

    from micronas.train.child_process import follow_parent

    follow_parent()
    Path(folder, "pids").write_text(f"{os.getpid()} {os.getppid()}")
    threading.Event().wait(60.0)


def use_a_second() -> None:
    """Of CPU time."""
    import time

    while time.process_time() < 1.0:
        pass
