"""Worker processes that do not run the user's own script again.

A spawned process of the standard library first imports the program's main module. In a script without an ``if
__name__ == "__main__"`` guard that would start the search once more inside each of its workers. Workers
import micronas and load the user's objects by ``host.plugin``, so they can be started without a main module.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from micronas.errors import MachineError
from micronas.host.machine_fault import machine_fault

_ONE_AT_A_TIME = threading.RLock()


class _Process(SpawnProcess):
    """A spawned process that does not import the main module again."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the name is multiprocessing's
        with hidden_main_module():
            return SpawnProcess._Popen(process_obj)


class _Context(SpawnContext):
    Process = _Process


class RecordingContext(SpawnContext):
    """A spawning context that knows the processes which it started."""

    def __init__(self, make: Callable[..., SpawnProcess] = _Process) -> None:
        """``make`` makes a process from what ``multiprocessing.Process`` takes."""
        super().__init__()
        self._make = make
        self._started: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        """A process that is recorded; the name is multiprocessing's."""
        process = self._make(*args, **kwargs)
        self._started = [old for old in self._started if old.exitcode is None] + [process]
        return process

    def pids(self) -> list[int]:
        """Processes that were started and have not been seen to end."""
        return [pid for process in self._started if (pid := process.pid) is not None]


def spawn_context() -> SpawnContext:
    """The ``multiprocessing`` context of all worker processes."""
    return _Context()


def workers_ended(error: BaseException) -> MachineError:
    """The error for a pool whose processes cannot be started, or end before they accept a task."""
    return machine_fault(error) or MachineError(
        f"worker processes end before they accept a task: {error}",
        remedy="their own messages, if any, are above; `micronas doctor` checks this machine; free memory, "
        "or lower workers",
    )


@contextmanager
def hidden_main_module() -> Iterator[None]:
    """Hide where the main module came from, for the milliseconds in which a process is started."""
    with _ONE_AT_A_TIME:
        main = sys.modules["__main__"]
        kept: dict[str, Any] = {
            name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)
        }
        vars(main).pop("__file__", None)
        vars(main)["__spec__"] = None
        try:
            yield
        finally:
            vars(main).pop("__spec__", None)
            vars(main).update(kept)
