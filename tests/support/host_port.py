"""Runs a port's clock and UART code on the host, against a chip of simulated registers.

    run = HostPort(board, tmp_path).clock(RULES, {RCC_CR: HSION | HSIRDY})
    assert run.hz == board.clock.hz and run.index(FLASH_ACR) < run.index(RCC_CFGR)

The C is the firmware's own, compiled with sanitizers; only the headers of tests/host_port_c stand in for
those that touch hardware. Leave a rule out to make the hardware fail: without the copy of HSEON to HSERDY no
crystal starts.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from micronas.board import Board
from micronas.firmware.board_header import board_header
from micronas.firmware.families import family_of
from tests.support.host_c import build_program
from tests.support.paths import FIRMWARE, SUPPORT

HOST_PORT = SUPPORT / "host_port_c"
DEADLINE_S = 20.0
SOURCES = {"hsi": 0, "hse_bypass": 1, "hse_crystal": 2}


@dataclass(frozen=True)
class Copy:
    """Hardware copies bits: a ready flag follows its enable bit, the switch status follows the switch.

    Only while all bits of ``gate_mask`` are set in register ``gate``; a mask of 0 is always.
    """

    source: int
    source_bit: int
    target: int
    target_bit: int
    width: int = 1
    gate: int = 0
    gate_mask: int = 0

    def command(self) -> str:
        return (
            f"copy {self.source} {self.source_bit} {self.target} {self.target_bit} {self.width} "
            f"{self.gate} {self.gate_mask}"
        )


@dataclass(frozen=True)
class Lock:
    """Writes to ``address`` are ignored while any bit of ``mask`` is set in register ``by``."""

    address: int
    by: int
    mask: int

    def command(self) -> str:
        return f"lock {self.address} {self.by} {self.mask}"


Rule = Copy | Lock


@dataclass(frozen=True)
class Write:
    """A register that changed, in order; ``ignored`` when a lock held."""

    address: int
    value: int
    ignored: bool = False


@dataclass(frozen=True)
class Run:
    """What the port did and, after ``clock``, what it says of its clock."""

    writes: tuple[Write, ...]
    hz: int = 0
    source: int = 0
    fallback: bool = False
    bauds: tuple[int, ...] = ()

    def index(self, address: int, mask: int = 0xFFFFFFFF, value: int | None = None) -> int:
        """Position of the first write that took effect on ``address``, with ``value`` under ``mask``."""
        for i, write in enumerate(self.writes):
            hit = write.address == address and not write.ignored
            if hit and (value is None or write.value & mask == value):
                return i
        raise AssertionError(f"no write of {value} to {address:#x} among {self.writes}")

    def last(self, address: int) -> int:
        """The value last written to ``address``."""
        return [w.value for w in self.writes if w.address == address and not w.ignored][-1]

    def wrote(self, address: int) -> bool:
        """Whether ``address`` was ever changed."""
        return any(w.address == address for w in self.writes)


class HostPort:
    """The port of ``board``, compiled for the host."""

    def __init__(self, board: Board, folder: Path, compiler: str = "gcc") -> None:
        family = family_of(board)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mn_board.h").write_text(board_header(board), encoding="utf-8")
        port = FIRMWARE / "port"
        drivers = [d for d in family.drivers if d.startswith(("clock", "usart", "gpio"))]
        sources = [p for name in (family.name, *drivers) for p in sorted((port / name).glob("*.c"))]
        includes = [HOST_PORT, folder, port / "common", FIRMWARE / "src"]
        self._program = build_program(
            compiler, [*sorted(HOST_PORT.glob("*.c")), *sources], includes, folder / f"port-{board.name}"
        )

    def clock(self, rules: Iterable[Rule], reset: Mapping[int, int]) -> Run:
        """``mn_clock_start()`` on a chip whose registers out of reset are ``reset`` (address -> value)."""
        return self.run(rules, reset, "clock")

    def run(self, rules: Iterable[Rule], reset: Mapping[int, int], *commands: str) -> Run:
        """Any commands of tests/host_port_c/main.c, in order."""
        chip = [f"set {address} {value}" for address, value in reset.items()]
        text = "\n".join([*chip, *(rule.command() for rule in rules), *commands]) + "\n"
        done = subprocess.run(
            [self._program], input=text, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
        assert done.returncode == 0, done.stderr
        return _parsed(done.stdout)


def _parsed(output: str) -> Run:
    writes: list[Write] = []
    bauds: list[int] = []
    clock = (0, 0, 0)
    for line in output.splitlines():
        verb, *fields = line.split()
        numbers = [int(field, 0) for field in fields]
        if verb == "clock":
            clock = (numbers[0], numbers[1], numbers[2])
        elif verb == "baud":
            bauds.append(numbers[0])
        else:
            writes.append(Write(numbers[0], numbers[1], ignored=verb == "ignored"))
    return Run(tuple(writes), clock[0], clock[1], bool(clock[2]), tuple(bauds))
