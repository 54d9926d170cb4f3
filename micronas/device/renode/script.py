"""Files that run a network in Renode without micronas: platform, script, and a Robot Framework test.

The test writes a sample into the arena, asks the firmware for one run by a frame of PROTOCOL.md, and compares
every output byte with the reference interpreter's. Inputs are written before, and the outputs poisoned before
that, so that a run that does nothing fails.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.board import Board
from micronas.codegen.arena import array_at
from micronas.device.client import ALL_OPS
from micronas.device.framing import Frame, Message, encode_frame
from micronas.device.renode.commands import machine_commands
from micronas.device.renode.platform import INSTRUCTIONS_PER_S, platform_text
from micronas.device.renode.stray_accesses import COUNTERS
from micronas.firmware import Firmware
from micronas.memory.plan import Plan
from micronas.model.graph import Graph

_BOOT_S = 0.5  # of the machine's time: every wait for an oscillator that never comes, several times over
_NONCE = 1
_INSTRUCTIONS_PER_MAC = 40
_INSTRUCTIONS_BESIDES = 20_000_000
FILES = ("board.repl", "board.resc", "network.robot", "firmware.elf")


def write_scripts(
    folder: Path,
    graph: Graph,
    board: Board,
    firmware: Firmware,
    plan: Plan,
    inputs: Sequence[npt.NDArray[np.int8]],
    outputs: Sequence[npt.NDArray[np.int8]],
) -> list[Path]:
    """Write all files into ``folder`` and name them; one sample per input and the outputs it must give."""
    folder.mkdir(parents=True, exist_ok=True)
    at = {t: _address(firmware, plan, t) for t in (*graph.inputs, *graph.outputs)}
    loads = _binaries(folder, "poison", graph.outputs, [~np.asarray(o) for o in outputs], at)
    loads += _binaries(folder, "input", graph.inputs, inputs, at)
    checks = [(at[t], np.asarray(values).tobytes()) for t, values in zip(graph.outputs, outputs, strict=True)]
    texts = {
        "board.repl": platform_text(board),
        "board.resc": script_text(board),
        "network.robot": robot_text(board, loads, checks, run_s(graph)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copyfile(firmware.elf, folder / "firmware.elf")
    return [folder / name for name in (*FILES, *(name for name, _ in loads))]


def script_text(board: Board) -> str:
    """The .resc: makes the machine and loads the firmware that lies beside it."""
    lines = machine_commands(board, "$ORIGIN/board.repl", "$ORIGIN/firmware.elf")
    return "\n".join(
        [
            f":name: {board.title}",
            ":description: a micronas network on its board's generated platform",
            "",
            *lines,
            "",
            f"# The firmware speaks PROTOCOL.md's protocol on {board.uart.name}, as raw bytes; to reach it:",
            '#   emulation CreateServerSocketTerminal 3456 "uart" false',
            f"#   connector Connect sysbus.{board.uart.name} uart",
            "# then: start",
            "",
        ]
    )


def robot_text(
    board: Board, loads: Sequence[tuple[str, int]], checks: Sequence[tuple[int, bytes]], seconds: float
) -> str:
    """The Robot Framework test, to be run by `renode-test network.robot`."""
    frame = b"\0" + encode_frame(Frame(Message.RUN, _NONCE, struct.pack("<BI", 1, ALL_OPS)))
    uart = f"sysbus.{board.uart.name}"
    load_lines = [f"    Load Tensor    {name}    {at:#010x}" for name, at in loads]
    check_lines = [
        f"    Byte Should Be    {address + i:#010x}    {byte:#04x}"
        for address, data in checks
        for i, byte in enumerate(data)
    ]
    return "\n".join(
        [
            "*** Settings ***",
            "Suite Setup       Setup",
            "Suite Teardown    Teardown",
            "Test Teardown     Test Teardown",
            "Resource          ${RENODEKEYWORDS}",
            "",
            "*** Keywords ***",
            "Send Byte",
            "    [Arguments]    ${byte}",
            f"    Execute Command    {uart} WriteChar ${{byte}}",
            "",
            "Load Tensor",
            "    [Arguments]    ${file}    ${address}",
            "    ${path}=    Replace String    ${CURDIR}/${file}    ${SPACE}    \\\\${SPACE}",
            "    Execute Command    sysbus LoadBinary @${path} ${address}",
            "",
            "Byte Should Be",
            "    [Arguments]    ${address}    ${expected}",
            "    ${byte}=    Execute Command    sysbus ReadByte ${address}",
            "    Should Be Equal As Integers    ${byte.strip()}    ${expected}",
            "",
            "Nothing Outside Memory",
            "    [Arguments]    ${counter}",
            "    ${count}=    Execute Command    sysbus ${counter}",
            "    Should Be Equal As Integers    ${count.strip()}    0",
            "",
            "*** Test Cases ***",
            "The Network Gives The Reference's Outputs",
            "    Execute Script    ${CURDIR}/board.resc",
            "    Execute Command    emulation SetGlobalAdvanceImmediately true",
            f'    Execute Command    emulation RunFor "{_BOOT_S}"',
            *load_lines,
            *(f"    Send Byte    {byte:#04x}" for byte in frame),
            f'    Execute Command    emulation RunFor "{seconds:.3f}"',
            *check_lines,
            *(f"    Nothing Outside Memory    {counter}" for counter in COUNTERS),
            "",
        ]
    )


def run_s(graph: Graph) -> float:
    """Seconds of the machine's time in which a run is over for certain."""
    return (_INSTRUCTIONS_PER_MAC * _multiplications(graph) + _INSTRUCTIONS_BESIDES) / INSTRUCTIONS_PER_S


def _multiplications(graph: Graph) -> int:
    """Of all ops with weights: output elements x weights per output channel, the last dimension of each."""
    total = 0
    for op in graph.ops:
        output = graph.tensors[op.outputs[0]]
        constants = (graph.tensors[i] for i in op.inputs if i >= 0 and graph.tensors[i].is_constant)
        weights = max((t.elements for t in constants), default=0)
        total += output.elements * -(-weights // output.shape[-1])
    return total


def _address(firmware: Firmware, plan: Plan, tensor: int) -> int:
    symbol, index = array_at(plan, plan.offsets[tensor])
    return firmware.image.symbol(symbol).address + index


def _binaries(
    folder: Path,
    stem: str,
    tensors: Sequence[int],
    values: Sequence[npt.NDArray[np.int8]],
    addresses: Mapping[int, int],
) -> list[tuple[str, int]]:
    """One file per tensor; its name and the address it is loaded to."""
    loads = []
    for number, (tensor, array) in enumerate(zip(tensors, values, strict=True)):
        name = f"{stem}{number}.bin"
        (folder / name).write_bytes(np.asarray(array).tobytes())
        loads.append((name, addresses[tensor]))
    return loads
