"""A process that has the imports of the command line and forks for each call of it; see ``forked``.

Each line on stdin is a call as JSON. Two lines on stdout answer it: the id of the process, and its exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import sys
from typing import Any

PRELOADED = (
    "micronas.cli.app",
    "micronas.api.bench",
    "micronas.api.export",
    "micronas.compare",
    "micronas.report.page",
    "micronas.search.run",
)


def next_call() -> dict[str, Any] | None:
    """In a forked process: what it is to do. In the server: None, at the end of stdin."""
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            return dict(json.loads(line))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    return None


def become(call: dict[str, Any]) -> None:
    """Take over folder, environment and standard streams, as a new process has them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["environment"])
    for stream, path in ((0, os.devnull), (1, call["stdout"]), (2, call["stderr"])):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, stream)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.path[0] = call["cwd"]
    sys.argv = ["micronas", *call["arguments"]]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    for name in PRELOADED:
        importlib.import_module(name)
    assert not {"tensorflow", "ray"} & set(sys.modules)
    gc.freeze()
    if (call := next_call()) is not None:
        become(call)
        runpy.run_module("micronas", run_name="__main__", alter_sys=True)
