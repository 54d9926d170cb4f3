"""CPU and wall-clock seconds by stage: each second goes to the innermost stage that runs."""

from __future__ import annotations

import functools
import importlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class StageTime:
    """Seconds of one stage."""

    cpu_s: float = 0.0
    wall_s: float = 0.0

    def __add__(self, other: StageTime) -> StageTime:
        return StageTime(self.cpu_s + other.cpu_s, self.wall_s + other.wall_s)

    def __sub__(self, other: StageTime) -> StageTime:
        return StageTime(self.cpu_s - other.cpu_s, self.wall_s - other.wall_s)


def now() -> StageTime:
    """CPU seconds of this process and of its ended children, and the monotonic clock."""
    times = os.times()
    cpu_s = time.process_time() + times.children_user + times.children_system
    return StageTime(cpu_s, time.monotonic())


class StageClock:
    """``times`` by stage; stages nest, and a child process counts when it has ended.

    For one thread. As a context manager it takes its watches back at the end.
    """

    def __init__(self, read: Callable[[], StageTime] = now) -> None:
        self.times: dict[str, StageTime] = defaultdict(StageTime)
        self._running: list[str] = []
        self._read, self._since = read, read()
        self.created = self._since
        self._watched: list[tuple[Any, str, Any]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge what runs inside to ``name``."""
        self._charge()
        self._running.append(name)
        try:
            yield
        finally:
            self._charge()
            self._running.pop()

    def watch(self, places: Mapping[str, str]) -> None:
        """Make functions stages: ``module:name`` or ``module:Class.name`` -> stage.

        Raises ``ImportError`` or ``AttributeError`` for a place that does not exist.
        """
        for place, name in places.items():
            module, _, path = place.partition(":")
            owner: Any = importlib.import_module(module)
            *classes, last = path.split(".")
            for part in classes:
                owner = getattr(owner, part)
            function = getattr(owner, last)
            self._watched.append((owner, last, function))
            setattr(owner, last, self._timed(function, name))

    def _timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            with self.stage(name):
                return function(*arguments, **named)

        return timed

    def close(self) -> None:
        """Take all watches back."""
        while self._watched:
            owner, name, function = self._watched.pop()
            setattr(owner, name, function)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _charge(self) -> None:
        read = self._read()
        if self._running:
            self.times[self._running[-1]] += read - self._since
        self._since = read
