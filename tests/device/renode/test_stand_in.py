"""The stand-in refuses what Renode's source refuses, so that a test that passes says something."""

from __future__ import annotations

import subprocess
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.device.renode import find_renode
from micronas.device.renode.commands import connect_commands, machine_commands, path_token, terminal_command
from micronas.device.renode.control import RenodeControl
from micronas.device.renode.device import free_ports
from micronas.device.renode.platform import platform_text
from tests.support.renode_monitor import Monitor, MonitorError
from tests.support.renode_stand_in import install_stand_in


@pytest.fixture
def commands(tmp_path: Path) -> list[str]:
    board = load_board("nucleo_f446re")
    (tmp_path / "board.repl").write_text(platform_text(board), encoding="utf-8")
    (tmp_path / "firmware.elf").write_bytes(b"\x7fELF")
    tokens = path_token(tmp_path / "board.repl"), path_token(tmp_path / "firmware.elf")
    return [*machine_commands(board, *tokens), terminal_command(3456), *connect_commands(board)]


def test_the_monitor_takes_the_commands_of_a_session(commands: list[str]) -> None:
    opened: list[int] = []
    monitor = Monitor(opened.append)
    for command in (*commands, "start"):
        monitor.execute(command)
    assert opened == [3456]
    assert monitor.connected == {"uart_socket"}
    assert monitor.started


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('mach create "nucleo_f446re"', "mach create nucleo_f446re", "No such command"),
        ("machine Load", "machine load", "No such command"),
        ("board.repl", "other.repl", "Could not find file"),
        ("firmware.elf", "board.repl", "Could not load ELF"),
        ("sysbus LoadELF @", "sysbus LoadELF @a folder/", "Could not tokenize"),
        (
            "sysbus.cpu VectorTableOffset 0x08000000",
            "sysbus.cpu VectorTableOffset 0x0",
            "does not lay in memory",
        ),
        ("AdvanceImmediately true", "AdvanceImmediately 1", "No such command"),
        ("Terminal 3456", 'Terminal "3456"', "No such command"),
        ('"uart_socket" false', "uart_socket false", "No such command"),
        ("sysbus.usart2 uart_socket", "sysbus.usart1 uart_socket", "No such command"),
        ("sysbus.usart2 uart_socket", "sysbus.usart2 uart", "No such command"),
        ("Connect sysbus", "Connect /sysbus", "Could not tokenize"),
    ],
)
def test_the_monitor_refuses_a_command_that_is_not_quite_right(
    commands: list[str], right: str, wrong: str, complaint: str
) -> None:
    assert any(right in command for command in commands)
    with pytest.raises(MonitorError, match=complaint):
        run_all([command.replace(right, wrong) for command in commands])


def run_all(commands: list[str]) -> Monitor:
    monitor = Monitor()
    for command in commands:
        monitor.execute(command)
    return monitor


def test_time_runs_by_hand_only_while_nothing_runs(commands: list[str]) -> None:
    ran: list[float] = []
    monitor = Monitor(run=ran.append)
    for command in commands:
        monitor.execute(command)
    monitor.execute('emulation RunFor "0.5"')
    with pytest.raises(MonitorError, match="to time interval"):
        monitor.execute('emulation RunFor "soon"')
    monitor.execute("start")
    with pytest.raises(MonitorError, match="already started"):
        monitor.execute('emulation RunFor "0.5"')
    assert ran == [0.5]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[xmlrpc.client.ServerProxy]:
    install_stand_in(tmp_path, monkeypatch)
    (port,) = free_ports(1)
    with subprocess.Popen([find_renode(), "--disable-gui", "--robot-server-port", str(port)]) as process:
        try:
            RenodeControl(port).await_ready(20, lambda: True)
            yield xmlrpc.client.ServerProxy(f"http://127.0.0.1:{port}/")
        finally:
            process.kill()


def test_the_replies_have_renodes_fields(server: xmlrpc.client.ServerProxy) -> None:
    assert server.run_keyword("ExecuteCommand", ['mach create "m"']) == {"status": "PASS", "return": ""}
    assert server.run_keyword("ResetEmulation", []) == {"status": "PASS"}
    failed = server.run_keyword("ExecuteCommand", ["halt"])
    assert isinstance(failed, dict)
    assert failed.keys() == {"status", "error", "traceback"}
    assert failed["status"] == "FAIL"
    assert failed["error"].startswith("KeywordException: Could not execute command 'halt': ")
    for name, arguments, code in (("Execute Command", ["start"], 1), ("ExecuteCommand", [], 2)):
        with pytest.raises(xmlrpc.client.Fault) as fault:
            server.run_keyword(name, arguments)
        assert fault.value.faultCode == code


def test_an_option_that_renode_does_not_have_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_stand_in(tmp_path, monkeypatch)
    for option in ("--hide-gui", "--disable", "--robot-server"):
        done = subprocess.run(
            [find_renode(), option], capture_output=True, text=True, timeout=20, check=False
        )
        assert done.returncode == 2
        assert "unrecognized arguments" in done.stderr
