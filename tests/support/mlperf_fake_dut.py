"""MLPerf Tiny's device on a real pseudo terminal, in Python, with scripted faults."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

READY = b"m-ready\r\n"


@dataclass
class FakeDut:
    """Use as a context manager; ``port`` is what pyserial opens.

    ``answers`` replaces the whole answer to a command, m-ready included; ``before`` comes before every
    answer; ``pieces`` sends byte by byte; ``loses`` swallows that many loaded bytes. ``us_per_inference`` is
    used up by one per infer, the last one for ever; ``results`` likewise.
    """

    answers: Mapping[str, bytes] = field(default_factory=dict)
    before: bytes = b""
    pieces: bool = False
    mute: bool = False
    loses: int = 0
    us_per_inference: Sequence[int] = (1000,)
    results: Sequence[Sequence[float]] = ((0.25, 0.75),)
    model: str = "kws01"
    name: str = "micronas bench_top"
    build_id: str = "00ff"
    counter: str = "cycles"
    board: str = "bench_top"

    def __enter__(self) -> FakeDut:
        self.commands: list[str] = []
        self.loaded = b""
        self._expected, self._infers, self._now_us = 0, 0, 0
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def say(self, data: bytes) -> None:
        """Send bytes that nobody asked for."""
        os.write(self._master, data)

    def _serve(self) -> None:
        pending = b""
        while not self._stop.is_set():
            ready, _, _ = select.select([self._master], [], [], 0.02)
            pending += os.read(self._master, 4096) if ready else b""
            while b"%" in pending and not self.mute:
                command, pending = pending.split(b"%", 1)
                self._send(self.before + self._answer(command.decode()))

    def _send(self, data: bytes) -> None:
        for piece in [data[i : i + 1] for i in range(len(data))] if self.pieces else [data]:
            os.write(self._master, piece)
            if self.pieces:
                time.sleep(0.0005)

    def _answer(self, command: str) -> bytes:
        if command and not command.startswith("sync-"):
            self.commands.append(command)
        if command in self.answers:
            return self.answers[command]
        words = command.split()
        return "".join(f"{line}\r\n" for line in self._lines(words)).encode() + READY

    def _lines(self, words: list[str]) -> list[str]:
        match words:
            case []:
                return []
            case ["name"]:
                return [f"m-name-dut-[{self.name}]"]
            case ["profile"]:
                return ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", f"m-model-[{self.model}]"]
            case ["help"]:
                return [f"board {self.board}", f"build {self.build_id}", f"counter {self.counter}"]
            case ["db", "load", count]:
                self._expected, self.loaded = int(count), b""
                return [f"m-[Expecting {count} bytes]"]
            case ["db", digits]:
                self.loaded += bytes.fromhex(digits)
                return ["m-load-done"] if len(self.loaded) - self.loses == self._expected else []
            case ["infer", count, _]:
                return self._infer(int(count))
        return [f"e-[Unknown command: {words[0]}]"]

    def _infer(self, count: int) -> list[str]:
        each = self.us_per_inference[min(self._infers, len(self.us_per_inference) - 1)]
        vector = self.results[min(self._infers, len(self.results) - 1)]
        self._infers += 1
        start = self._now_us
        self._now_us += count * each
        numbers = ",".join(f"{value:.3f}" for value in vector)
        return [f"m-lap-us-{start}", f"m-lap-us-{self._now_us}", "m-infer-done", f"m-results-[{numbers}]"]
