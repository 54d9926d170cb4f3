"""Renode's monitor, as far as micronas uses it, and strict: what is not known here is refused.

Sources: Tokenizer.cs and Monitor.cs (I src/Emulator/Extensions/UserInterface, e30f1107 and ada9880c, 2025),
SystemBus.cs, ServerSocketTerminal.cs, Emulation.cs, TimeInterval.cs; see docs/background/renode.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.renode_facts import TOKENS
from tests.support.renode_repl import Entry, ReplError, load_platform

_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in TOKENS.items()))
_TIME = re.compile(r"(?:(?:\d+:)?\d+:)?\d+(?:\.\d+)?")
_VALUES: dict[str, Callable[[str], object]] = {
    "text": lambda text: text[1:-1],
    "path": lambda text: text[1:].replace("\\ ", " "),
    "hex": lambda text: int(text, 16),
    "integer": int,
    "float": float,
    "boolean": lambda text: text.lower() == "true",
}


class MonitorError(Exception):
    """The command is refused; the message is what Renode prints."""


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    value: object


def no_terminal(port: int) -> None:
    """For a monitor whose UART nobody listens to."""


@dataclass
class Monitor:
    """``open_terminal(port)``, ``run(seconds)`` and ``receive(byte)`` are called when Renode would do these.

    ``strays`` are what the two counters of unexpected accesses say.
    """

    open_terminal: Callable[[int], None] = no_terminal
    run: Callable[[float], None] = lambda seconds: None
    receive: Callable[[int], None] = lambda byte: None
    strays: dict[str, int] = field(default_factory=lambda: {"UnexpectedReads": 0, "UnexpectedWrites": 0})
    machine: str | None = None
    platform: dict[str, Entry] | None = None
    memory: dict[int, int] = field(default_factory=dict)
    terminals: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    elf: bool = False
    started: bool = False
    origin: str | None = None

    def execute(self, command: str) -> str:
        """Run one line and give what it prints; raises ``MonitorError``."""
        tokens = [token for token in self._tokens(command) if token.kind not in ("space", "comment")]
        if not tokens:
            return ""
        if tokens[0].kind != "literal":
            raise MonitorError(f"No such command or device: {tokens[0].text}")
        words, arguments = [tokens[0].text], tokens[1:]
        if arguments and arguments[0].kind == "literal":
            words.append(arguments.pop(0).text)
        return self._dispatch(command, words, arguments)

    def execute_script(self, path: str) -> str:
        """A .resc file, line by line; $ORIGIN is its folder."""
        if not Path(path).is_file():
            raise MonitorError(f"Could not find file '{path}'")
        outer, self.origin = self.origin, str(Path(path).resolve().parent)
        printed = "".join(self.execute(line) for line in Path(path).read_text(encoding="utf-8").splitlines())
        self.origin = outer
        return printed

    def _tokens(self, command: str) -> list[Token]:
        rest, tokens = command, []
        while rest:
            found = _TOKEN.match(rest)
            if not found and tokens and tokens[-1].kind == "variable":
                rest = self._variable(tokens.pop().text) + rest  # $ORIGIN/board.repl
                continue
            if not found or found.lastgroup == "split":
                raise MonitorError(f"Could not tokenize here:\n{command}")
            kind = str(found.lastgroup)
            tokens.append(Token(kind, found[0], _VALUES.get(kind, str)(found[0])))
            rest = rest[found.end() :]
        return tokens

    def _variable(self, name: str) -> str:
        if name != "$ORIGIN" or self.origin is None:
            raise MonitorError(f"No such variable: {name}")
        return "@" + self.origin.replace(" ", "\\ ")

    def _dispatch(self, command: str, words: list[str], arguments: list[Token]) -> str:
        try:
            return self._known(words, arguments)
        except MonitorError as error:
            raise MonitorError(f"There was an error executing command '{command}'\n{error}") from error

    def _known(self, words: list[str], arguments: list[Token]) -> str:
        kinds = tuple(token.kind for token in arguments)
        values = [token.value for token in arguments]
        match words, kinds, values:
            case ["mach", "create"], ("text",), [str(name)]:
                self.machine = name
            case ["machine", "LoadPlatformDescription"], ("path",), [str(path)] if self.machine:
                self.platform = self._load_platform(path)
            case ["sysbus", "LoadELF"], ("path",), [str(path)] if self.platform:
                self.elf = self._read(path).startswith(b"\x7fELF")
                if not self.elf:
                    raise MonitorError(f"Could not load ELF from path: {path}")
            case ["sysbus", "LoadBinary"], ("path", "hex" | "integer"), [str(path), int(at)] if self.platform:
                self._load(self._read(path), at)
            case ["include"], ("path",), [str(path)]:
                return self.execute_script(path)
            case ["sysbus", "ReadByte"], ("hex" | "integer",), [int(at)] if self.platform:
                return f"0x{self.memory.get(at, 0):02X}\r\n"
            case ["sysbus", counter], (), [] if self.platform and counter in self.strays:
                return f"0x{self.strays[counter]:08X}\r\n"
            case ["sysbus.cpu", "VectorTableOffset"], ("hex" | "integer",), [int(at)] if self.platform:
                self._require_memory(at)
            case ["emulation", "SetGlobalAdvanceImmediately"], ("boolean",), [_]:
                pass
            case ["emulation", "RunFor"], ("text",), [str(seconds)] if self.platform:
                self._run_for(seconds)
            case ["emulation", "CreateServerSocketTerminal"], _, [int(port), str(name), *_] if (
                kinds in (("integer", "text"), ("integer", "text", "boolean")) and name not in self.terminals
            ):
                self.open_terminal(port)
                self.terminals.add(name)
            case ["connector", "Connect"], ("literal", "literal"), [str(device), str(terminal)] if (
                self.is_uart(device) and terminal in self.terminals
            ):
                self.connected.add(terminal)
            case [device, "WriteChar"], ("hex" | "integer",), [int(byte)] if self.is_uart(device):
                self.receive(byte & 0xFF)
            case ["start"], (), [] if self.platform:
                self.started = True
                return "Starting emulation...\r\n"
            case _:
                raise MonitorError(f"No such command or device: {' '.join(words)} {' '.join(kinds)}")
        return ""

    def memory_at(self, address: int, length: int) -> bytes:
        """What lies in memory; 0 where nothing was loaded."""
        return bytes(self.memory.get(at, 0) for at in range(address, address + length))

    def _load(self, data: bytes, address: int) -> None:
        """Bytes that go where there is nothing are strays, and lost."""
        spans = [e.span for e in (self.platform or {}).values() if e.span]
        if any(start <= address and address + len(data) <= end for start, end in spans):
            self.memory.update(enumerate(data, address))
        else:
            self.strays["UnexpectedWrites"] += len(data)

    def _load_platform(self, path: str) -> dict[str, Entry]:
        try:
            return load_platform(self._read(path).decode())
        except ReplError as error:
            raise MonitorError(str(error)) from error

    def _read(self, path: str) -> bytes:
        if not Path(path).is_file():
            raise MonitorError(f"Could not find file '{path}'.")
        return Path(path).read_bytes()

    def _require_memory(self, address: int) -> None:
        """Renode itself only warns, and then starts elsewhere."""
        spans = [e.span for e in (self.platform or {}).values() if e.type_name == "Memory.MappedMemory"]
        if not any(span and span[0] <= address < span[1] for span in spans):
            raise MonitorError(f"Tried to set VTOR address at 0x{address:X} which does not lay in memory")

    def is_uart(self, device: str) -> bool:
        entry = (self.platform or {}).get(device.removeprefix("sysbus."))
        return device.startswith("sysbus.") and entry is not None and entry.type_name.startswith("UART.")

    def _run_for(self, text: str) -> None:
        if self.started:
            raise MonitorError("This action is not available when emulation is already started")
        if not _TIME.fullmatch(text):
            raise MonitorError(f"Could not parse {text} to time interval")
        self.run(float(text.split(":")[-1]))
