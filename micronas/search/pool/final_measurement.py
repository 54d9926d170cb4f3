"""The final build of a search with a pool: measured once, on the first board that can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from micronas.device.flash import BOARD_DEADLINE_S
from micronas.errors import DeviceError, FlashError, MicronasError, plural
from micronas.search.workers.executor import GRACE_S
from micronas.search.workers.ray_cluster import connected
from micronas.search.workers.ray_executor import BUSY_BOARD_S

T = TypeVar("T")


def on_first_usable(boards: Sequence[str], work: Callable[[str], T]) -> T:
    """The result of ``work`` on the first board that does not fail; if all fail, the reasons of all."""
    reasons = []
    for board in boards:
        try:
            return work(board)
        except (DeviceError, FlashError) as error:
            if len(boards) == 1:
                raise
            reasons.append(f"{board}: {error.message}")
    raise DeviceError(
        f"no board of the pool could measure the final network ({plural(len(boards), 'board')}): "
        f"{'; '.join(reasons)}",
        remedy="check their cables and power supplies, then continue with --resume",
    )


def run_where_attached(address: str, resource: str, work: Callable[[str], T], board: str) -> T:
    """The result of ``work(board)`` on the node of a Ray cluster that has ``resource``.

    Raises what ``work`` raises, and ``DeviceError`` if the board is not free in time or its node is lost.
    """
    ray = connected(address)
    most_s = BUSY_BOARD_S + GRACE_S + BOARD_DEADLINE_S
    remote = ray.remote(num_cpus=0, max_retries=0, resources={resource: 1})(_error_as_value)
    reference = remote.remote(work, board)
    try:
        found: T | MicronasError = ray.get(reference, timeout=most_s)
    except ray.exceptions.GetTimeoutError as error:
        ray.cancel(reference, force=True)
        raise DeviceError(f"no result within {most_s:.0f} s: another search holds it") from error
    except ray.exceptions.RayError as error:
        raise DeviceError(f"its node failed: {str(error).splitlines()[0]}") from error
    finally:
        ray.shutdown()
    if isinstance(found, MicronasError):
        raise found
    return found


def _error_as_value(work: Callable[[str], T], board: str) -> T | MicronasError:
    """Ray would wrap an error into one of its own."""
    try:
        return work(board)
    except MicronasError as error:
        return error
