"""The runner's two scripts: accuracy over a data set, and throughput over five long windows."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from micronas.deploy.mlperf.dut import Dut
from micronas.deploy.mlperf.samples import File
from micronas.deploy.mlperf.score import auc, macro_auc, top1
from micronas.deploy.mlperf.task import MlperfTask
from micronas.errors import DataError, DeviceError

WINDOWS = 5
WINDOW_S = 10.0
WARM_UPS = 10
MIN_INFERENCES = 10
_MARGIN = 1.05
_SLOWEST_START_S = 120.0
_DEADLINE_FACTOR = 4.0
_SHORTEST_DEADLINE_S = 30.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Window:
    """One timed window, by the device's own time stamps."""

    inferences: int
    elapsed_us: int

    @property
    def throughput(self) -> float:
        """Inferences per second."""
        return 1e6 * self.inferences / self.elapsed_us


@dataclass(frozen=True)
class Performance:
    """``by_the_rules``: five windows of at least ten seconds."""

    windows: tuple[Window, ...]

    @property
    def throughput(self) -> float:
        """Median of the windows, in inferences per second."""
        return statistics.median(window.throughput for window in self.windows)

    @property
    def by_the_rules(self) -> bool:
        """Whether number and length of the windows meet the runner's rules."""
        return len(self.windows) == WINDOWS and all(w.elapsed_us >= 1e6 * WINDOW_S for w in self.windows)


@dataclass(frozen=True)
class Accuracy:
    """Quality over ``files``; ``top1`` is None for a task with an error score instead of classes."""

    files: int
    inferences: int
    top1: float | None
    auc: float | None

    def quality(self, task: MlperfTask) -> float | None:
        """The figure to which the task's target applies."""
        return self.auc if task.error_score else self.top1


def run_accuracy(
    dut: Dut, task: MlperfTask, files: Sequence[File], progress: Progress = lambda *_: None
) -> Accuracy:
    """``download`` and ``infer 1 0`` for every file; for ad01, for every window, and a file scores their
    mean.
    """
    results, inferences = [], 0
    for number, file in enumerate(files):
        windows = []
        for data in file.loads:
            dut.load(data)
            windows.append(dut.infer(1, 0, _SLOWEST_START_S).results)
        mean = tuple(statistics.fmean(column) for column in zip(*windows, strict=True))
        results.append(mean if task.error_score else _normalised(mean))
        inferences += len(windows)
        progress(number + 1, len(files))
    labels = [file.label for file in files]
    _require_shape(results, labels, task)
    if task.error_score:
        area = auc([score for (score,) in results], [label == 1 for label in labels])
        return Accuracy(len(files), inferences, None, area)
    area_or_none = macro_auc(results, labels) if len(set(labels)) > 1 else None
    return Accuracy(len(files), inferences, top1(results, labels), area_or_none)


def run_performance(
    dut: Dut,
    data: bytes,
    *,
    windows: int = WINDOWS,
    window_s: float = WINDOW_S,
    progress: Progress = lambda *_: None,
) -> Performance:
    """``download`` and ``infer N 10``, ``windows`` times, with N so that each lasts at least ``window_s``.

    Raises ``DeviceError`` if the device's time does not advance, runs backwards or is too short.
    """
    dut.load(data)
    started = time.monotonic()
    first_us = _elapsed_us(dut, MIN_INFERENCES, 0, _SLOWEST_START_S)
    host_s_each = (time.monotonic() - started) / MIN_INFERENCES
    count = max(MIN_INFERENCES, math.ceil(_MARGIN * window_s * 1e6 * MIN_INFERENCES / first_us))
    deadline_s = max(_SHORTEST_DEADLINE_S, _DEADLINE_FACTOR * host_s_each * (count + WARM_UPS))
    done = []
    for number in range(windows):
        dut.load(data)
        window = Window(count, _elapsed_us(dut, count, WARM_UPS, deadline_s))
        if window.elapsed_us < window_s * 1e6:
            raise DeviceError(
                f"{count} inferences took {window.elapsed_us / 1e6:.3f} s by the device's time, "
                f"less than {window_s:g} s; in the earlier run of ten, each took longer",
                remedy="run it again; if it happens again, the device's clock is not stable",
            )
        done.append(window)
        progress(number + 1, windows)
    return Performance(tuple(done))


def _normalised(vector: tuple[float, ...]) -> tuple[float, ...]:
    """Normalise outputs to a sum of one, as the runner does: three decimals rarely add up exactly."""
    total = sum(vector)
    return tuple(value / total for value in vector) if total else vector


def _elapsed_us(dut: Dut, inferences: int, warm_ups: int, deadline_s: float) -> int:
    elapsed_us = dut.infer(inferences, warm_ups, deadline_s).elapsed_us
    if elapsed_us is None:
        raise DeviceError(
            f"{dut.link.name}: the firmware signals time on a pin (energy mode), so there is no throughput",
            remedy="build it for --mode performance",
        )
    if elapsed_us <= 0:
        raise DeviceError(
            f"{dut.link.name}: {inferences} inferences took {elapsed_us} us by the device's time"
        )
    return elapsed_us


def _require_shape(results: Sequence[Sequence[float]], labels: Sequence[int], task: MlperfTask) -> None:
    length = 1 if task.error_score else task.outputs
    if wrong := next((vector for vector in results if len(vector) != length), None):
        raise DeviceError(f"the device's results have {len(wrong)} numbers, {task.name} needs {length}")
    classes = 2 if task.error_score else task.outputs
    if not all(0 <= label < classes for label in labels):
        raise DataError(f"labels {sorted(set(labels))} are not all below {classes}, {task.name}'s classes")
