"""Renode: the generated platform, the control port with every status checked, and strays that fail a run.

What needs no Renode runs against a stand-in with a real control port and a real UART socket; the end-to-end
test runs wherever Renode itself is found.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from oracle import conv_2d
from renode_stand_in import install_stand_in

from micronas.board import Board, Core, board_names, load_board
from micronas.build.families import family_of
from micronas.deploy import Deployment, build, deploy, random_samples
from micronas.device.client import Client
from micronas.device.framing import Decoder, Message
from micronas.errors import DeadlineError, DeviceError, MicronasError, ToolMissingError
from micronas.interpreter import run_batch
from micronas.renode import RenodeDevice, find_renode, require_modelled
from micronas.renode.control import RenodeControl
from micronas.renode.device import free_ports
from micronas.renode.platform import platform_text, register_blocks
from micronas.renode.script import write_scripts
from micronas.trial import Source
from micronas.where import Renode

HERE = Path(__file__).parent
STM32 = [name for name in board_names() if load_board(name).family.startswith("stm32")]


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
        rf"arguments: --disable-gui --plain --config {folder}/renode.config --robot-server-port \d+",
        arguments,
    )
    expected = [
        'mach create "nucleo_f446re"',
        f"machine LoadPlatformDescription @{folder}/board.repl",
        f"sysbus LoadELF @{folder}/firmware.elf",
        "emulation SetGlobalAdvanceImmediately true",
        'emulation CreateServerSocketTerminal PORT "uart_socket" false',
        "connector Connect sysbus.usart2 uart_socket",
        "start",
    ]
    said = [re.sub(r"Terminal \d+", "Terminal PORT", c).removeprefix("ExecuteCommand: ") for c in commands]
    assert said == expected
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("fault", "error", "complaint"),
    [
        ("refuse", DeviceError, "refused 'machine LoadPlatformDescription.*Error E39: no such type"),
        ("die", DeviceError, "went away during 'sysbus LoadELF"),
        ("end", DeviceError, "ended at once; it said: Unhandled exception: no libraries"),
        ("no port", DeadlineError, "did not open its control port within 3 s"),
        ("mute", DeadlineError, "no answer to HELLO"),
        (
            "stray",
            DeviceError,
            "1 accesses outside its memory, the first: .*non existing peripheral at 0x3000",
        ),
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


def test_a_command_that_hangs_ends_at_its_deadline(fake, tmp_path: Path) -> None:
    fake("hang")
    (port,) = free_ports(1)
    arguments = [find_renode(), "--robot-server-port", str(port)]
    with subprocess.Popen(arguments) as process:
        try:
            control = RenodeControl(port, command_deadline_s=0.5)
            control.await_ready(20, lambda: True)
            assert control.execute("mach create") == ""
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


@pytest.mark.parametrize("name", STM32)
def test_every_board_has_a_platform_with_its_memory_to_the_byte(name: str) -> None:
    board = load_board(name)
    text = platform_text(board)
    memories = re.findall(r"(\w+): Memory\.MappedMemory @ sysbus (0x\w+)\n    size: (0x\w+)", text)
    assert {(n, int(o, 16), int(s, 16)) for n, o, s in memories} == {
        (r.name, r.origin, r.length) for r in board.regions
    }
    assert ("Miscellaneous.DWT" in text) == (board.core is not Core.M0PLUS)
    assert "http" not in text
    assert f"PerformanceInMips: {board.clock.hz // 1_000_000}\n" in text
    assert re.search(rf"^{board.uart.name}: UART\.STM32\w* @ sysbus", text, re.MULTILINE)


@pytest.mark.parametrize("name", STM32)
def test_no_two_things_of_a_platform_lie_on_each_other(name: str) -> None:
    board = load_board(name)
    uart = int(family_of(board).header_values(board)["MN_UART_BASE"].rstrip("u"), 16)
    spans = [(r.origin, r.end) for r in board.regions] + [(uart, uart + 0x400)]
    spans += [(start, start + length) for start, length in register_blocks(board)]
    spans.sort()
    assert all(a_end <= b_start for (_, a_end), (b_start, _) in itertools.pairwise(spans))


def test_the_platform_of_the_reference_board(board: Board) -> None:
    golden = (HERE / "emulator" / "nucleo_f446re.repl").read_text()
    assert platform_text(board) == golden


def test_a_core_or_uart_without_a_model_is_refused_by_name(board: Board) -> None:
    with pytest.raises(DeviceError, match="no model of its cortex-m55"):
        require_modelled(board.model_copy(update={"core": Core.M55}))
    with pytest.raises(DeviceError, match="no model of the UART of family mps2"):
        require_modelled(board.model_copy(update={"family": "mps2"}))


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
    assert once.measurement.counts == again.measurement.counts


@pytest.mark.emulator
def test_the_script_s_files_hold_the_reference_s_outputs(tmp_path: Path, firmware_cache: Path) -> None:
    graph, board = conv_2d(np.random.default_rng(3)), load_board("nucleo_f446re")
    built = build(graph, board, workdir=tmp_path / "build", cache_dir=firmware_cache)
    inputs = random_samples(graph, 1, seed=0)
    outputs = run_batch(graph, inputs)
    out = tmp_path / "out"
    plan = built.ledger.plan
    files = write_scripts(out, graph, board, built.firmware, plan, [inputs[0][0]], [outputs[0][0]])
    assert {f.name for f in files} == {p.name for p in out.iterdir()}
    robot = (out / "network.robot").read_text()
    arena = built.firmware.image.symbol("mn_arena").address
    at = arena + plan.offsets[graph.outputs[0]]
    found = re.findall(r"Byte Should Be    (0x\w{8})    (0x\w\w)", robot)
    expected = outputs[0][0].tobytes()
    assert [int(a, 16) for a, _ in found] == list(range(at, at + len(expected)))
    assert bytes(int(value, 16) for _, value in found) == expected
    assert (out / "poison0.bin").read_bytes() == bytes(b ^ 255 for b in expected)
    assert (out / "input0.bin").read_bytes() == inputs[0][0].tobytes()
    assert f"sysbus LoadBinary @${{CURDIR}}/input0.bin {arena + plan.offsets[graph.inputs[0]]:#x}" in robot
    sent = bytes(int(value, 16) for value in re.findall(r"^    Send Byte    (0x\w\w)$", robot, re.MULTILINE))
    (frame,) = Decoder().feed(sent)
    assert (frame.type, frame.payload) == (Message.RUN, b"\x01\xff\xff\xff\xff")
    resc = (out / "board.resc").read_text()
    assert "machine LoadPlatformDescription $ORIGIN/board.repl" in resc
    assert "sysbus LoadELF $ORIGIN/firmware.elf" in resc
