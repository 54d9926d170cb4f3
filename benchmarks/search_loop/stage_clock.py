"""CPU seconds by stage: each second goes to the innermost stage that runs."""

from __future__ import annotations

import functools
import importlib
import resource
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def cpu_s() -> float:
    """CPU seconds of this process and of its ended children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class StageClock:
    """``seconds`` by stage; stages nest, and a child process counts when it has ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = cpu_s()

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

    def watch(self, place: str, name: str) -> None:
        """Make a function, ``module:name`` or ``module:Class.name``, a stage; nothing where it is missing."""
        module_name, _, path = place.partition(":")
        try:
            owner: Any = importlib.import_module(module_name)
            *classes, last = path.split(".")
            for part in classes:
                owner = getattr(owner, part)
            function = getattr(owner, last)
        except (ImportError, AttributeError):
            return

        @functools.wraps(function)
        def watched(*arguments: Any, **named: Any) -> Any:
            with self.stage(name):
                return function(*arguments, **named)

        setattr(owner, last, watched)

    def _charge(self) -> None:
        now = cpu_s()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now
