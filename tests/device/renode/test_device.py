"""Renode: the control port with every status checked, strays that fail a run, and nothing left behind.

What needs no Renode runs against a stand-in with a real control port and a real UART socket, which refuses
what Renode's source refuses; the end-to-end test runs wherever Renode itself is found.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import xmlrpc.client
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Board, load_board
from micronas.deploy.deployment import Deployment, deploy, random_samples
from micronas.device.client import Client
from micronas.device.framing import Message
from micronas.device.renode import RenodeDevice, find_renode
from micronas.device.renode.commands import path_token
from micronas.device.renode.control import RenodeControl
from micronas.device.renode.device import free_ports
from micronas.device.targets import Renode
from micronas.errors import DeadlineError, DeviceError, MicronasError, ToolMissingError
from micronas.host import temporary_folder
from micronas.trial import Source
from tests.support.random_windows import conv_2d
from tests.support.renode_stand_in import install_stand_in

# A reading counts whole blocks of code, and where a time slice cuts one depends on when bytes came.
BLOCK_INSTRUCTIONS = 32


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts the stand-in where Renode is looked for; call it with a fault, read ``log`` afterwards."""
    log = install_stand_in(tmp_path, monkeypatch)

    def choose(fault: str) -> Path:
        monkeypatch.setenv("FAKE_RENODE", fault)
        return log

    return choose


@pytest.fixture
def board() -> Board:
    return load_board("nucleo_f446re")


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    path = tmp_path / "some firmware.elf"
    path.write_bytes(b"\x7fELF")
    return path


def test_a_session_makes_the_machine_and_reaches_the_firmware(fake, board: Board, elf: Path) -> None:
    log = fake("")
    device = RenodeDevice(board, elf)
    with device as link:
        assert link.emulated
        assert Client(link).info().board == board.name
        pid = device.pid
    assert device.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    arguments, home, *commands = log.read_text().splitlines()
    folder = home.removeprefix("home: ")
    assert re.fullmatch(
        rf"arguments: --disable-gui --plain --config {folder}/renode.config --robot-server-port 0",
        arguments,
    )
    expected = [
        'mach create "nucleo_f446re"',
        f"machine LoadPlatformDescription @{folder}/board.repl",
        f"sysbus LoadELF @{folder}/firmware.elf",
        "sysbus.cpu VectorTableOffset 0x08000000",
        'emulation CreateServerSocketTerminal PORT "uart_socket" false',
        "emulation SetGlobalAdvanceImmediately true",
        "connector Connect sysbus.usart2 uart_socket",
        "start",
        "sysbus UnexpectedReads",
        "sysbus UnexpectedWrites",
    ]
    said = [
        re.sub(r"Terminal \d+", "Terminal PORT", command).removeprefix("ExecuteCommand: ")
        for command in commands
        if command.startswith("ExecuteCommand: ")
    ]
    assert said == expected
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("fault", "error", "complaint"),
    [
        ("refuse", DeviceError, "refused 'machine LoadPlatformDescription @[^']+': Error E39: no such type"),
        ("die", DeviceError, "ended during 'sysbus LoadELF"),
        ("end", DeviceError, "ended immediately with exit code 1; output: Unhandled exception: no libraries"),
        ("crash", DeviceError, "output: Fatal error: . Unhandled exception.*'libtlib.so'$"),
        ("no port", DeadlineError, "did not open its control port within 3 s"),
        ("mute", DeadlineError, "no answer to HELLO"),
        ("abort", DeviceError, "some accesses outside its memory, the first: .*CPU abort .PC=0x0."),
        (
            "stray",
            DeviceError,
            "2 accesses outside its memory, the first: .*non existing peripheral at 0x3000",
        ),
        ("stray, not logged", DeviceError, "Renode: 2 accesses outside its memory\\n"),
        ("uncounted", DeviceError, "refused 'sysbus UnexpectedReads': .*No such property"),
    ],
)
def test_each_fault_is_one_message_and_leaves_no_process(
    fake, board: Board, elf: Path, fault: str, error: type[MicronasError], complaint: str
) -> None:
    fake(fault)
    device = RenodeDevice(board, elf, start_deadline_s=3.0)
    with pytest.raises(error, match=complaint), device as link:
        Client(link).info()
    assert device.pid is None


def test_a_port_that_another_program_takes_is_not_the_end(fake, board: Board, elf: Path) -> None:
    log = fake("taken")
    with RenodeDevice(board, elf) as link:
        assert Client(link).info().board == board.name
    assert log.read_text().count("CreateServerSocketTerminal") == 2


def test_a_control_port_that_is_taken_ends_the_stand_in_as_it_ends_renode(fake) -> None:
    fake("")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [find_renode(), "--robot-server-port", port],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    assert f"[ERROR] Could not start the HTTP server on port {port}" in done.stdout


def test_a_slow_emulator_is_asked_once(fake, board: Board, elf: Path) -> None:
    """What it has not come to makes it slower still: asked again and again, it never answered."""
    log = fake("slow")
    with RenodeDevice(board, elf) as link:
        Client(link).load_input(0, bytes(12))
    frames = [line for line in log.read_text().splitlines() if line.startswith("frame: ")]
    assert frames.count(f"frame: {Message.LOAD:#04x}") == 1


def test_what_a_killed_session_left_is_removed_by_the_next(
    fake, board: Board, elf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("")
    (folder := tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    script = f"""
import os, signal
from pathlib import Path
from micronas.board import load_board
from micronas.device.renode import RenodeDevice
with RenodeDevice(load_board({board.name!r}), Path({str(elf)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "TMPDIR": str(folder)}
    subprocess.run([sys.executable, "-c", script], env=environment, timeout=60, check=False)
    assert len(list(folder.iterdir())) == 1, "kill -9 leaves the folder"
    with RenodeDevice(board, elf):
        assert len(list(folder.iterdir())) == 2, "one made just now may be about to be locked"
    monkeypatch.setattr(temporary_folder, "YOUNG_S", 0.0)
    with RenodeDevice(board, elf), RenodeDevice(board, elf):
        assert len(list(folder.iterdir())) == 2, "those in use stay"
    assert list(folder.iterdir()) == []


def test_a_temporary_folder_with_a_space_in_its_name(
    fake, board: Board, elf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = fake("")
    (spacious := tmp_path / "a folder").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spacious))
    with RenodeDevice(board, elf) as link:
        assert Client(link).info().board == board.name
    assert f"LoadELF @{tmp_path}/a\\ folder/" in log.read_text()


def test_a_path_that_renode_cannot_be_told_is_refused() -> None:
    assert path_token(Path("/tmp/a b/c")) == "@/tmp/a\\ b/c"
    with pytest.raises(DeviceError, match="cannot open the path '/tmp/a;b'"):
        path_token(Path("/tmp/a;b"))


def test_what_is_no_keyword_or_command_is_refused_not_lost(fake, tmp_path: Path) -> None:
    fake("")
    (port,) = free_ports(1)
    with subprocess.Popen([find_renode(), "--robot-server-port", str(port)]) as process:
        try:
            control = RenodeControl(port)
            control.await_ready(20, lambda: True)
            with pytest.raises(DeviceError, match=r"refused 'sysbus LoadElf @x': No such command or device"):
                control.execute("sysbus LoadElf @x")
            control._server = _WithoutArguments(control._server)
            with pytest.raises(DeviceError, match="refused 'start': Arguments types do not match"):
                control.execute("start")
        finally:
            process.kill()


class _WithoutArguments:
    def __init__(self, server: xmlrpc.client.ServerProxy) -> None:
        self._server = server

    def run_keyword(self, name: str, arguments: list[str]) -> object:
        return self._server.run_keyword(name, [])


def test_a_command_that_hangs_ends_at_its_deadline(fake, tmp_path: Path) -> None:
    fake("hang")
    (port,) = free_ports(1)
    arguments = [find_renode(), "--robot-server-port", str(port)]
    with subprocess.Popen(arguments) as process:
        try:
            control = RenodeControl(port, command_deadline_s=0.5)
            control.await_ready(20, lambda: True)
            assert control.execute('mach create "m"') == ""
            with pytest.raises(DeadlineError, match=r"did not finish 'sysbus LoadELF @x' within 0\.5 s"):
                control.execute("sysbus LoadELF @x")
        finally:
            process.kill()


def test_renode_is_found_by_variable_path_or_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def executable(path: Path) -> Path:
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    monkeypatch.delenv("MICRONAS_RENODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "core"))
    with pytest.raises(ToolMissingError) as missing:
        find_renode()
    for part in ("PATH", "MICRONAS_RENODE", "platformio/tool-renode", "renode-cli"):
        assert part in str(missing.value)
    package = executable(tmp_path / "core" / "packages" / "tool-renode" / "renode")
    assert find_renode() == str(package)
    on_path = executable(tmp_path / "bin" / "renode")
    assert find_renode() == str(on_path)
    named = executable(tmp_path / "own" / "my-renode")
    monkeypatch.setenv("MICRONAS_RENODE", str(named))
    assert find_renode() == str(named)
    monkeypatch.setenv("MICRONAS_RENODE", str(tmp_path / "nowhere"))
    with pytest.raises(ToolMissingError, match="not an executable"):
        find_renode()


def _renode_or_skip() -> None:
    try:
        find_renode()
    except ToolMissingError as error:
        pytest.skip(f"Renode is not here: {error.message}")


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.parametrize("name", ["nucleo_f446re", "nucleo_f767zi", "nucleo_g071rb"])
def test_a_network_runs_in_renode_as_in_the_reference(
    name: str, tmp_path: Path, firmware_cache: Path
) -> None:
    _renode_or_skip()
    graph = conv_2d(np.random.default_rng(3))
    samples = random_samples(graph, 2, seed=0)

    def run(folder: str) -> Deployment:
        where = tmp_path / folder
        board = load_board(name)
        return deploy(graph, board, samples, device=Renode(), workdir=where, cache_dir=firmware_cache)

    once, again = run("once"), run("again")
    once.require_parity()
    assert once.measurement.latency.source is Source.EMULATED
    assert once.measurement.latency.instructions
    for counts in zip(once.measurement.counts, again.measurement.counts, strict=True):
        assert max(counts) - min(counts) <= BLOCK_INSTRUCTIONS
