"""The firmware compiles without a warning, by gcc and by clang, for every port and core that a board has.

What is checked are the staged projects: the server, without and with a front end, and the device under MLPerf
Tiny's test in both modes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from micronas.board import Board, board_names, load_board
from micronas.codegen.front_end.firmware_text import FILE_NAME, firmware_text
from micronas.codegen.front_end.image import image_tables
from micronas.codegen.front_end.log_mel import log_mel_tables, mfcc_tables
from micronas.codegen.front_end.stream import stream_tables
from micronas.deploy.device_accuracy.firmware import FLAGS, PROGRAM
from micronas.deploy.mlperf.firmware import RunMode, dut_program
from micronas.deploy.mlperf.task import TASKS
from micronas.firmware.program import SERVER, Program
from micronas.firmware.project import make_project, write_project
from micronas.model.front_end import FrontEnd, Mfcc
from tests.support.host_c import WARNINGS
from tests.support.paths import FIRMWARE_MODELS
from tests.support.raw_words import QUANT, SPEC

# Debian's newlib, which arm-none-eabi-gcc finds by itself.
CLANG = ("clang", "--target=arm-none-eabi", "-isystem", "/usr/include/newlib")
GCC = ("arm-none-eabi-gcc", "-Wcast-align=strict", "-Wlogical-op", "-Wduplicated-cond")
MODEL = (FIRMWARE_MODELS / "mlperf_classes.c").read_text(encoding="utf-8")
DEVICES_UNDER_TEST = (("ad01", RunMode.PERFORMANCE), ("kws01", RunMode.ENERGY))
FRONT_ENDS = (
    firmware_text(log_mel_tables(SPEC, 24, QUANT), scratch_in_arena=True),
    firmware_text(mfcc_tables(Mfcc(SPEC, 10), 24, QUANT), scratch_in_arena=False),
    firmware_text(image_tables(FrontEnd("image", 1), (8, 8, 3), QUANT), scratch_in_arena=False),
    firmware_text(stream_tables(FrontEnd("stream", 1), (8, 1, 3), QUANT), scratch_in_arena=False),
)
BOARDS = tuple(map(load_board, board_names()))
ONE_PER_CORE = sorted({board.core: board.name for board in BOARDS}.values())
ONE_PER_PORT_AND_CORE = sorted({(board.family, board.core): board.name for board in BOARDS}.values())
each_compiler = pytest.mark.parametrize("compiler", [GCC, CLANG], ids=["gcc", "clang"])


def warnings_of(
    compiler: tuple[str, ...],
    board: Board,
    program: Program,
    part: str,
    folder: Path,
    flags: tuple[str, ...] = (),
    more: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str]:
    """How many C files of the staged project lie below ``part``, and what the compiler says of them."""
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"{compiler[0]} is not on PATH")
    write_project(make_project({"mn_model.c": MODEL, **more}, board, program=program), folder)
    files = sorted(str(path.relative_to(folder)) for path in (folder / part).rglob("*.c"))
    includes = re.findall(r"-I\S+", (folder / "platformio.ini").read_text(encoding="utf-8"))
    own = (*board.core.compiler_flags, *WARNINGS, *includes, *flags)
    command = [*compiler, "-fsyntax-only", *own, *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode == 0) == (done.stderr == "")
    return len(files), done.stderr


@each_compiler
@pytest.mark.parametrize("name", ONE_PER_CORE)
def test_kernels_and_protocol(name: str, compiler: tuple[str, ...], tmp_path: Path) -> None:
    files, said = warnings_of(compiler, load_board(name), SERVER, "lib", tmp_path)
    assert files > 30
    assert said == ""


@each_compiler
@pytest.mark.parametrize("name", ONE_PER_PORT_AND_CORE)
def test_ports_and_programs(name: str, compiler: tuple[str, ...], tmp_path: Path) -> None:
    board = load_board(name)
    tests = [dut_program(board, TASKS[task], mode, "PA8") for task, mode in DEVICES_UNDER_TEST]
    parts = [(SERVER, "port"), *((program, "src") for program in (SERVER, *tests))]
    for i, (program, part) in enumerate(parts):
        files, said = warnings_of(compiler, board, program, part, tmp_path / str(i))
        assert files > 5
        assert said == ""
    assert all(port_files(board, program) == port_files(board, SERVER) for program in tests)


def port_files(board: Board, program: Program) -> dict[str, str]:
    files = make_project({}, board, program=program).files
    return {name: text for name, text in files.items() if name.startswith("port/")}


@each_compiler
def test_the_server_with_a_front_end(compiler: tuple[str, ...], tmp_path: Path) -> None:
    more = {f"{i}_{FILE_NAME}": text for i, text in enumerate(FRONT_ENDS)}
    files, said = warnings_of(compiler, BOARDS[0], PROGRAM, "src", tmp_path, FLAGS, more)
    assert files > 5 + len(FRONT_ENDS)
    assert said == ""


@each_compiler
def test_a_warning_fails(compiler: tuple[str, ...], tmp_path: Path) -> None:
    narrowing = Program(
        paths=("src",), headers={"mn_board_extra.c": "char low(int x);\nchar low(int x) { return x; }\n"}
    )
    files, said = warnings_of(compiler, BOARDS[0], narrowing, "include", tmp_path)
    assert files == 1
    assert "conversion" in said
