"""A stand-in for the renode executable: its XML-RPC control port and its UART socket, with scripted faults.

Run as a program with Renode's arguments; FAKE_RENODE names what goes wrong, FAKE_RENODE_LOG where commands
go.
Behind the UART sits the board of fake_board.py, reached over its pseudo terminal, or the device of
mlperf_fake_dut.py that FAKE_RENODE_DUT describes (JSON).
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
from pathlib import Path
from xmlrpc.server import SimpleXMLRPCServer

import serial

sys.path.insert(0, str(Path(__file__).parent))
from fake_board import FakeBoard
from mlperf_fake_dut import FakeDut

FAULT = os.environ.get("FAKE_RENODE", "")
LOG = Path(os.environ["FAKE_RENODE_LOG"])
started = threading.Event()


def run_keyword(name: str, arguments: list[str]) -> dict[str, str]:
    (command,) = arguments
    with LOG.open("a") as log:
        log.write(f"{name}: {command}\n")
    if FAULT == "refuse" and command.startswith("machine LoadPlatformDescription"):
        return {"status": "FAIL", "error": "Error E39: no such type", "return": ""}
    if FAULT == "die" and command.startswith("sysbus LoadELF"):
        os._exit(3)
    if FAULT == "hang" and command.startswith("sysbus LoadELF"):
        time.sleep(60)
    if terminal := re.match(r"emulation CreateServerSocketTerminal (\d+)", command):
        server = socket.create_server(("127.0.0.1", int(terminal[1])))
        threading.Thread(target=serve_uart, args=(server,), daemon=True).start()
    if command == "start":
        started.set()
        if FAULT == "stray":
            print("[WARNING] sysbus: [cpu: 0x8000100] ReadDoubleWord from non existing peripheral at 0x3000.")
            sys.stdout.flush()
    return {"status": "PASS", "return": "", "error": ""}


def behind_the_uart() -> FakeBoard | FakeDut:
    dut = os.environ.get("FAKE_RENODE_DUT")
    return FakeDut(**json.loads(dut)) if dut else FakeBoard(counter=1)


def serve_uart(server: socket.socket) -> None:
    connection, _ = server.accept()
    with behind_the_uart() as board, serial.Serial(board.port, 115_200, timeout=0.01) as port:
        threading.Thread(target=lambda: copy(connection, port), daemon=True).start()
        while True:
            if (data := port.read(256)) and FAULT != "mute":
                connection.sendall(data)


def copy(connection: socket.socket, port: serial.Serial) -> None:
    while data := connection.recv(256):
        if started.is_set():  # before `start` nobody listens
            port.write(data)


def main() -> None:
    if FAULT == "end":
        print("Unhandled exception: no libraries")
        sys.exit(1)
    with LOG.open("a") as log:
        log.write(f"arguments: {' '.join(sys.argv[1:])}\n")
        log.write(f"home: {os.environ['HOME']}\n")
    if FAULT == "no port":
        time.sleep(60)
    port = int(sys.argv[sys.argv.index("--robot-server-port") + 1])
    server = SimpleXMLRPCServer(("127.0.0.1", port), logRequests=False, allow_none=True)
    server.register_function(run_keyword)
    server.register_function(lambda: ["ExecuteCommand"], "get_keyword_names")
    server.serve_forever()


if __name__ == "__main__":
    main()
