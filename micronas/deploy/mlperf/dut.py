"""The runner's side of the text protocol: one command, its reply lines, one deadline."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass

from micronas.device.link import Link
from micronas.errors import DeadlineError, ProtocolError

READY = "m-ready"
BYTES_PER_COMMAND = 31
"""As the public runner does: 62 digits in a command of at most 80 characters."""
ANSWER_DEADLINE_S = 5.0
_ASK_AGAIN_S = 0.5
_LAP = re.compile(r"m-lap-us-(\d+)")
_RESULTS = re.compile(r"m-results-\[([^]]*)\]")


@dataclass(frozen=True)
class About:
    """The firmware's description of itself; ``build_id`` and ``counter`` are from its help text."""

    name: str
    model: str
    board: str
    build_id: str
    counter: str


@dataclass(frozen=True)
class Inference:
    """One ``infer``: microseconds by the device's two time stamps (None in energy mode), and the results."""

    inferences: int
    elapsed_us: int | None
    results: tuple[float, ...]


class Dut:
    """A device under test behind an open link. ``transcript`` keeps all lines: ``>`` sent, ``<`` received."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.transcript: list[str] = []
        self._pending = b""

    def synchronise(self, deadline_s: float = ANSWER_DEADLINE_S) -> None:
        """Synchronise with the device, regardless of earlier communication.

        Ends an incomplete command, then sends an unknown word. Its reply is the matching error line followed
        by m-ready; all earlier lines belong to earlier commands.
        """
        deadline = time.monotonic() + deadline_s
        while (left := deadline - time.monotonic()) > 0:
            word = f"sync-{secrets.token_hex(4)}"
            self.link.write(f"%{word}%".encode("ascii"))
            if self._saw([f"e-[Unknown command: {word}]", READY], min(left, _ASK_AGAIN_S)):
                return
        raise DeadlineError(
            f"{self.link.name}: no MLPerf Tiny device under test replied within {deadline_s:g} s",
            remedy="check that it is flashed with --protocol mlperf-tiny and that the baud rate is that "
            "of its mode",
        )

    def command(self, text: str, deadline_s: float = ANSWER_DEADLINE_S) -> list[str]:
        """The reply lines to ``text``, without the closing m-ready.

        Raises ``ProtocolError`` for an e- line, ``DeadlineError`` if m-ready does not arrive.
        """
        self.transcript.append(f"> {text}%")
        self.link.write(f"{text}%".encode("ascii"))
        lines = self._answer(text, deadline_s)
        if refused := [line for line in lines if line.startswith("e-[")]:
            raise ProtocolError(f"{self.link.name}: {text.split(' ')[0]!r} was refused: {refused[0]}")
        return lines

    def about(self) -> About:
        """Name, model and build; raises ``ProtocolError`` for a reply without them."""
        (name,) = self._fields("name", r"m-name-dut-\[([^]]+)\]", 1)
        (model,) = self._fields("profile", r"m-model-\[([^]]+)\]", 1)
        lines = self.command("help")
        words = dict(line.split(" ", 1) for line in lines if " " in line)
        return About(
            name,
            model,
            words.get("board", ""),
            words.get("build", ""),
            words.get("counter", "").split(":")[0],
        )

    def load(self, data: bytes) -> None:
        """Load the input; the device must announce its length and acknowledge its end."""
        expected = f"m-[Expecting {len(data)} bytes]"
        if expected not in self.command(f"db load {len(data)}"):
            raise ProtocolError(f"{self.link.name}: 'db load' did not return {expected!r}")
        lines: list[str] = []
        for at in range(0, len(data), BYTES_PER_COMMAND):
            lines = self.command(f"db {data[at : at + BYTES_PER_COMMAND].hex()}")
        if "m-load-done" not in lines:
            raise ProtocolError(
                f"{self.link.name}: {len(data)} bytes were sent, but the device did not receive all of them"
            )

    def infer(self, inferences: int, warm_ups: int, deadline_s: float) -> Inference:
        """Run the loaded input; ``ProtocolError`` unless there are results, and two time stamps or none."""
        lines = self.command(f"infer {inferences} {warm_ups}", deadline_s)
        laps = [int(match[1]) for line in lines if (match := _LAP.fullmatch(line))]
        results = [match[1] for line in lines if (match := _RESULTS.fullmatch(line))]
        if len(laps) not in (0, 2) or len(results) != 1:
            raise ProtocolError(
                f"{self.link.name}: {len(laps)} time stamps and {len(results)} results for one 'infer'"
            )
        return Inference(
            inferences, laps[1] - laps[0] if laps else None, _numbers(results[0], self.link.name)
        )

    def _fields(self, command: str, pattern: str, count: int) -> list[str]:
        lines = self.command(command)
        found = [match[1] for line in lines if (match := re.fullmatch(pattern, line))]
        if len(found) != count:
            raise ProtocolError(f"{self.link.name}: {command!r} was answered with {lines}")
        return found

    def _answer(self, text: str, deadline_s: float) -> list[str]:
        deadline = time.monotonic() + deadline_s
        lines: list[str] = []
        while (left := deadline - time.monotonic()) > 0:
            for line in self._lines(left):
                if line == READY:
                    return lines
                lines.append(line)
        half = self._pending.decode("ascii", errors="replace")
        heard = f"; received: {[*lines, half][-3:]}" if lines or half else ""
        raise DeadlineError(
            f"{self.link.name}: no {READY} after {text[:20]!r} within {deadline_s:g} s{heard}"
        )

    def _saw(self, expected: list[str], timeout_s: float) -> bool:
        """Whether these lines arrive consecutively, as the last ones."""
        deadline = time.monotonic() + timeout_s
        seen: list[str] = []
        while (left := deadline - time.monotonic()) > 0:
            seen += self._lines(left)
            if seen[-len(expected) :] == expected:
                return True
        return False

    def _lines(self, timeout_s: float) -> list[str]:
        """Complete lines that have arrived; an incomplete one waits for the rest.

        Other bytes than ASCII are errors.
        """
        *whole, self._pending = (self._pending + self.link.read(timeout_s)).split(b"\n")
        lines = [line.rstrip(b"\r").decode("ascii", errors="replace") for line in whole]
        self.transcript += [f"< {line}" for line in lines]
        return lines


def _numbers(text: str, name: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise ProtocolError(f"{name}: results [{text}] are not numbers") from None
