"""A long computation in a separate process, so that memory leaked by TensorFlow is freed with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from micronas.errors import TrainError
from micronas.host.spawning import spawn_context, workers_ended
from micronas.train.child_process import follow_parent, interrupts_held

Result = TypeVar("Result")


TICK_S = 5.0


def run_isolated(
    function: Callable[..., Result],
    *arguments: object,
    deadline_s: float,
    tick: Callable[[], None] = lambda: None,
    what: str = "",
) -> Result:
    """``function(*arguments)`` in a spawned process prepared for training; both must be picklable.

    ``tick`` is called in this process every few seconds. Errors call the computation ``what``, by default by
    the function's name. The function's exceptions are raised here. Raises
    ``TrainError`` when ``deadline_s`` passes or the process dies, ``MachineError`` if none can be started.
    """
    from pebble import ProcessExpired, ProcessPool

    name = what or function.__name__
    with ProcessPool(max_workers=1, initializer=start_child, context=spawn_context()) as pool:
        try:
            with interrupts_held():
                # Without a timeout of the pool's: it reads the system clock, which may jump.
                future = pool.schedule(function, args=arguments)
            end_s = time.monotonic() + deadline_s
            while not wait([future], timeout=max(0.0, min(TICK_S, end_s - time.monotonic()))).done:
                if time.monotonic() >= end_s:
                    raise TrainError(
                        f"{name} took longer than {deadline_s:.0f} s and was stopped",
                        remedy="the machine may be overloaded: try again when it is less busy",
                    )
                tick()
            result: Result = future.result()
        except ProcessExpired as error:
            raise TrainError(
                f"the process of {name} ended with exit code {error.exitcode}",
                remedy="it may have run out of memory: lower space.max_width",
            ) from error
        except BrokenProcessPool as error:
            raise workers_ended(error) from error
        finally:
            pool.stop()  # type: ignore[no-untyped-call]
    return result


def start_child() -> None:
    """Prepare a spawned process for training; see ``follow_parent``."""
    from micronas.train.process import prepare_process

    follow_parent()
    prepare_process()
