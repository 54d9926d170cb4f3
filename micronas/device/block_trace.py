"""One inference of a firmware in QEMU, counted block by block (``micronas.latency.counts``).

QEMU writes its log of executed blocks into a pipe, which is read while it runs: nothing is stored. A firmware
always counts the same, so the counts are kept by its build id.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from micronas.board import Board
from micronas.device.client import Client
from micronas.device.qemu import QemuDevice
from micronas.errors import DeadlineError
from micronas.firmware import Firmware
from micronas.host.temporary_folder import temporary_folder
from micronas.latency.core_model import Accelerator, model_of
from micronas.latency.counts.block_log import OPTIONS, read_log
from micronas.latency.counts.classes import CLASSES, ClassCounts
from micronas.latency.counts.count import FlashPath, count_ops
from micronas.latency.counts.program import ElfProgram, read_program

RUN_DEADLINE_S = 600.0
_END_DEADLINE_S = 60.0
_VERSION = 1
"""Of what is counted; raised when counts of the same firmware change."""

T = TypeVar("T")


def count_inference(
    firmware: Firmware,
    samples: Sequence[npt.NDArray[np.generic]],
    accelerator: Accelerator,
    cache_dir: Path | None = None,
) -> tuple[ClassCounts, ...]:
    """Class counts of each op of one inference of the first sample, as QEMU runs ``firmware``.

    ``samples`` holds one array (N, ...) per input. With ``cache_dir``, what was counted for this build id is
    read from there.
    """
    kept = None if cache_dir is None else cache_dir / f"{_key(firmware, accelerator)}.json"
    if kept is not None and (counts := _read(kept)) is not None:
        return counts
    program = read_program(firmware.elf)
    path = flash_path(firmware.board, accelerator)
    with piped(lambda log: count_ops(program, read_log(log), path)) as (pipe, result):
        with QemuDevice(firmware.board, firmware.elf, log_options=log_options(program, pipe)) as link:
            client = Client(link)
            for index, values in enumerate(samples):
                client.load_input(index, values[0].tobytes())
            client.run(deadline_s=RUN_DEADLINE_S)
        counts = result.wait()
    if kept is not None:
        _write(kept, counts)
    return counts


def flash_path(board: Board, accelerator: Accelerator) -> FlashPath:
    """Where the flash of ``board`` lies, behind ``accelerator``."""
    flash = board.region("flash")
    return FlashPath(flash.origin, flash.end, accelerator.instructions, accelerator.data)


def board_accelerator(board: Board) -> Accelerator:
    """The caches whose misses the timing model of ``board`` counts."""
    return model_of(board.core, board.family, board.region("flash").wait_states).accelerator


def log_options(program: ElfProgram, pipe: Path) -> tuple[str, ...]:
    """QEMU's options for a log of the blocks of the inference, and of nothing else, into ``pipe``."""
    ranges = ",".join(f"{f.start:#x}+{f.end - f.start:#x}" for f in program.inference)
    return ("-d", OPTIONS, "-dfilter", ranges, "-D", str(pipe))


class Reading(Generic[T]):
    """What a thread makes of a pipe, once its writer has closed it."""

    def __init__(self, pipe: Path, work: Callable[[BinaryIO], T]) -> None:
        self._pipe, self._work = pipe, work
        self._value: list[T] = []
        self._error: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self, deadline_s: float = _END_DEADLINE_S) -> T:
        """The result; raises what the work raised, or ``DeadlineError``."""
        self._thread.join(deadline_s)
        if self._error:
            raise self._error[0]
        if not self._value:
            raise DeadlineError(f"QEMU's log of executed blocks was not read within {deadline_s:g} s")
        return self._value[0]

    def release(self) -> None:
        """Let a thread go that waits for a writer which never came."""
        give_up_at = time.monotonic() + _END_DEADLINE_S
        while self._thread.is_alive() and time.monotonic() < give_up_at:
            with contextlib.suppress(OSError):  # the thread has not opened its end yet
                os.close(os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK))
            self._thread.join(0.02)

    def _run(self) -> None:
        try:
            with self._pipe.open("rb") as stream:
                self._value.append(self._work(stream))
        except Exception as error:  # handed to whoever waits
            self._error.append(error)
            self._drain()

    def _drain(self) -> None:
        """Keep the writer from waiting for a reader that is gone."""
        with contextlib.suppress(OSError), self._pipe.open("rb") as stream:
            while stream.read(1 << 20):
                pass


@contextlib.contextmanager
def piped(work: Callable[[BinaryIO], T]) -> Iterator[tuple[Path, Reading[T]]]:
    """A named pipe and the thread that reads it."""
    with temporary_folder() as folder:
        pipe = folder / "blocks"
        os.mkfifo(pipe)
        reading = Reading(pipe, work)
        try:
            yield pipe, reading
        finally:
            reading.release()


def _key(firmware: Firmware, accelerator: Accelerator) -> str:
    caches = [dataclasses.asdict(accelerator.instructions), dataclasses.asdict(accelerator.data)]
    text = json.dumps([_VERSION, firmware.build_id.hex(), caches, CLASSES])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(path: Path) -> tuple[ClassCounts, ...] | None:
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
        return tuple(ClassCounts(**op) for op in raw)
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, counts: Sequence[ClassCounts]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([dataclasses.asdict(op) for op in counts])
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as stream:
        stream.write(text)
    Path(stream.name).replace(path)
