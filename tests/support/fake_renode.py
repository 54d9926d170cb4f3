"""A stand-in for the renode executable: its XML-RPC control port and its UART socket, with scripted faults.

Run as a program with Renode's arguments; FAKE_RENODE names what goes wrong, FAKE_RENODE_LOG where commands
go. It refuses what Renode's source refuses: options, keywords, monitor commands and platform descriptions
(renode_facts.py, renode_monitor.py, renode_repl.py). Behind the UART sits the board of fake_board.py, reached
over its pseudo terminal, or the device of mlperf_fake_dut.py that FAKE_RENODE_DUT describes (JSON), or, for
Robot Framework, the network that FAKE_RENODE_NETWORK describes (JSON: the frame that asks for a run, and the
outputs by address).
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
import time
import traceback
import xmlrpc.client
from pathlib import Path
from xmlrpc.server import SimpleXMLRPCServer

import serial

sys.path.insert(0, str(Path(__file__).parents[2]))
from micronas.device.framing import Decoder, Message
from tests.support.fake_board import FakeBoard
from tests.support.mlperf_fake_dut import FakeDut
from tests.support.renode_facts import KEYWORDS, OPTIONS
from tests.support.renode_monitor import Monitor, MonitorError

FAULT = os.environ.get("FAKE_RENODE", "")
LOG = Path(os.environ["FAKE_RENODE_LOG"])
SLOW_S = 1.0
FEED_ORIGIN = 0x60000000
NETWORK = json.loads(os.environ.get("FAKE_RENODE_NETWORK", "null"))


# A crash as .NET prints it: the cause, then a page of stack frames.
CRASH = "\n".join(
    [
        "Fatal error:",
        "Unhandled exception. System.DllNotFoundException: Unable to load shared library 'libtlib.so'",
        *(f"   at Antmicro.Renode.Emulator.Frame{i}(Object[] arguments)" for i in range(40)),
    ]
)


class Renode:
    """The process: a monitor, reset by a keyword, and the bytes that its UART received."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.first_port = 0
        self.tester = ""
        self.received = bytearray()
        self.monitor = Monitor(self._open_terminal, self._run, self._receive)

    def execute(self, command: str) -> str:
        log(f"ExecuteCommand: {command}")
        if FAULT == "refuse" and command.startswith("machine LoadPlatformDescription"):
            raise MonitorError(f"There was an error executing command '{command}'\nError E39: no such type")
        if FAULT == "die" and command.startswith("sysbus LoadELF"):
            os._exit(3)
        if FAULT == "hang" and command.startswith("sysbus LoadELF"):
            time.sleep(60)
        if FAULT == "uncounted" and command.startswith("sysbus Unexpected"):
            raise MonitorError("No such property")
        printed = self.monitor.execute(command)
        if command == "start" and FAULT.startswith("stray"):
            self._stray()
        if command == "start" and FAULT == "abort":
            said = "cpu: CPU abort [PC=0x0]: Trying to execute code outside RAM or ROM at 0x00000000."
            print(f"12:00:00.0000 [ERROR] {said}", flush=True)
        return printed

    def _stray(self) -> None:
        self.monitor.strays["UnexpectedReads"] += 2
        if FAULT == "stray":
            said = "sysbus: [cpu: 0x8000100] ReadDoubleWord from non existing peripheral at 0x3000."
            print(f"12:00:00.0000 [WARNING] {said}", flush=True)

    def _open_terminal(self, port: int) -> None:
        try:
            server = socket.create_server(("127.0.0.1", port if FAULT != "taken" else self._taken(port)))
        except OSError as error:
            raise MonitorError(f"SocketException: {error.strerror}") from error
        threading.Thread(target=serve_uart, args=(self, server), daemon=True).start()

    def _taken(self, port: int) -> int:
        """Another program takes the first port that is asked for."""
        self.first_port = self.first_port or port
        self.others = socket.create_server(("127.0.0.1", port)) if port == self.first_port else None
        return port

    def _receive(self, byte: int) -> None:
        self.received.append(byte)

    def _run(self, seconds: float) -> None:
        if NETWORK and bytes(self.received) == bytes.fromhex(NETWORK["frame"]):
            for address, output in NETWORK["outputs"].items():
                self.monitor.memory.update(enumerate(bytes.fromhex(output), int(address)))

    def attach_tester(self, uart: str) -> None:
        if not self.monitor.is_uart(uart):
            raise MonitorError(f"Could not find IUART of name {uart}")
        self.tester = uart

    def require_line(self, content: str) -> None:
        """The application that it plays says how long and how large in all its samples are."""
        feed = self.monitor.memory_at(FEED_ORIGIN, 4)
        samples = self.monitor.memory_at(FEED_ORIGIN + 4, int.from_bytes(feed, "little"))
        line = f"samples {len(samples)} sum {sum(samples)}"
        if not (self.tester and self.monitor.started and content in line):
            raise MonitorError(f"Terminal tester failed!\n\nFull report:\n{line}")

    @property
    def listens(self) -> bool:
        """Whether a byte from the socket reaches a receiver that is on."""
        return self.monitor.started and bool(self.monitor.connected)


def log(line: str) -> None:
    with LOG.open("a") as file:
        file.write(f"{line}\n")


def behind_the_uart() -> FakeBoard | FakeDut:
    dut = os.environ.get("FAKE_RENODE_DUT")
    return FakeDut(**json.loads(dut)) if dut else FakeBoard(counter=1)


def serve_uart(renode: Renode, server: socket.socket) -> None:
    connection, _ = server.accept()
    with behind_the_uart() as board, serial.Serial(board.port, 115_200, timeout=0.01) as port:
        threading.Thread(target=copy, args=(renode, connection, port), daemon=True).start()
        while True:
            if (data := port.read(256)) and renode.listens and FAULT != "mute":
                connection.sendall(data)


def copy(renode: Renode, connection: socket.socket, port: serial.Serial) -> None:
    decoder = Decoder()
    while data := connection.recv(256):
        if not renode.listens:  # the receiver is off and the byte is dropped
            continue
        for frame in decoder.feed(data):
            log(f"frame: {frame.type:#04x}")
            if FAULT == "slow" and frame.type != Message.HELLO:
                time.sleep(SLOW_S)
        port.write(data)


def keyword(renode: Renode, name: str, arguments: list[str]) -> str | None:
    if name not in KEYWORDS:
        raise xmlrpc.client.Fault(1, f'Keyword "{name}" not found')
    least, most = KEYWORDS[name]
    if not least <= len(arguments) <= most:
        raise xmlrpc.client.Fault(2, f'Arguments types do not match any available keyword "{name}"')
    match name:
        case "ExecuteCommand":
            return renode.execute(*arguments)
        case "ExecuteScript":
            return renode.monitor.execute_script(*arguments)
        case "ResetEmulation":
            renode.reset()
        case "StartEmulation":
            renode.execute("start")
        case "CreateTerminalTester":
            renode.attach_tester(arguments[0])
        case "WaitForLineOnUart":
            renode.require_line(arguments[0])
    return None


def answer(renode: Renode, name: str, arguments: list[str]) -> dict[str, str]:
    """Renode's reply: no ``error`` when it passed, no ``return`` when it failed or returned nothing."""
    try:
        value = keyword(renode, name, arguments)
    except MonitorError as error:
        reason = f"KeywordException: Could not execute command '{arguments[0]}': {error}\n"
        return {"status": "FAIL", "error": reason, "traceback": traceback.format_exc()}
    return {"status": "PASS"} if value is None else {"status": "PASS", "return": value}


def options(arguments: list[str]) -> argparse.Namespace:
    """Renode's options and no others; an unknown one ends it."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for option, takes_value in OPTIONS.items():
        parser.add_argument(option, **({} if takes_value else {"action": "store_true"}))
    return parser.parse_args(arguments)


def open_server(port: int) -> SimpleXMLRPCServer:
    """A taken port is logged, and ends Renode; port 0 is any that is free (R HttpServer.cs 1a0558cc)."""
    try:
        server = SimpleXMLRPCServer(("127.0.0.1", port), logRequests=False, allow_none=True)
    except OSError:
        said = f"Could not start the HTTP server on {f'port {port}' if port else 'any port'}"
        print(f"12:00:00.0000 [ERROR] {said}", flush=True)
        sys.exit(0)
    chosen = server.server_address[1]
    print(f"12:00:00.0000 [INFO] Robot Framework remote server is listening on port {chosen}", flush=True)
    return server


def main() -> None:
    chosen = options(sys.argv[1:])
    if FAULT == "end":
        print("Unhandled exception: no libraries")
        sys.exit(1)
    if FAULT == "crash early" or (FAULT == "crash" and not chosen.version):
        print(CRASH)
        sys.exit(134)
    if chosen.version:
        print(f"Renode v{'1.13.3' if FAULT == 'old' else '1.16.1'}.14312 (12345678-202602170000)")
        sys.exit(134 if FAULT == "broken" else 0)
    log(f"arguments: {' '.join(sys.argv[1:])}")
    log(f"home: {os.environ['HOME']}")
    if FAULT == "no port":
        time.sleep(60)
    renode = Renode()
    server = open_server(int(chosen.robot_server_port))
    server.register_function(lambda name, arguments: answer(renode, name, arguments), "run_keyword")
    server.register_function(lambda: list(KEYWORDS), "get_keyword_names")
    server.serve_forever()


if __name__ == "__main__":
    main()
