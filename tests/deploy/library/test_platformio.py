"""An exported library in a PlatformIO project of somebody else: found by its header, built, linked."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from micronas.board import load_board
from micronas.codegen.toolchain import find_gcc
from micronas.deploy.library import library_files
from micronas.firmware.platformio_core import PLATFORM_NAME, offline_core
from micronas.firmware.project import board_manifest
from micronas.firmware.run_platformio import run_platformio
from micronas.model.tflite import read
from tests.support.paths import FIRMWARE
from tests.support.written_files import written

INI = """
[platformio]
core_dir = {core_dir}

[env:theirs]
platform = {platform}
board = {board}
board_build.ldscript = {ldscript}
build_flags = -std=c99 -Wall -Wextra -Wconversion -Werror -O2 -Wl,--gc-sections
custom_core_flags = {core_flags}
extra_scripts = pre:core_flags.py
"""
MAIN = """
#include "mn_network_kws.h"

void start(void);
void start(void)
{
    for (;;) {
        (void)mn_model_run(&mn_network_kws);
    }
}
"""
LINKER_SCRIPT = """
ENTRY(start)
MEMORY { flash (rx) : ORIGIN = 0x08000000, LENGTH = 512K
         ram (rwx) : ORIGIN = 0x20000000, LENGTH = 128K }
SECTIONS {
    .text : { KEEP(*(.text.start)) *(.text*) *(.rodata*) } > flash
    .bss (NOLOAD) : { *(.bss*) } > ram
    /DISCARD/ : { *(.ARM.*) }
}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kernel"),
    [("nucleo_f446re", "mn_conv2d_1x1_block_dsp"), ("nucleo_f103rb", "mn_conv2d_1x1_s8")],
    ids=["M4", "M3"],
)
def test_a_project_finds_and_links_the_library(
    name: str, kernel: str, networks: Path, tmp_path: Path, firmware_cache: Path
) -> None:
    if find_gcc() is None:
        pytest.skip("arm-none-eabi-gcc is not on PATH")
    board, project = load_board(name), tmp_path / "theirs"
    written(library_files(read(networks / "mlperf_tiny_kws.tflite"), name="kws"), project / "lib" / "kws")
    files = {
        "platformio.ini": INI.format(
            core_dir=offline_core(firmware_cache),
            platform=PLATFORM_NAME,
            board=board.platformio_board,
            ldscript=project / "theirs.ld",
            core_flags=" ".join(board.core.compiler_flags),
        ),
        "src/main.c": MAIN,
        "theirs.ld": LINKER_SCRIPT,
        "core_flags.py": (FIRMWARE / "scripts" / "core_flags.py").read_text(),
        f"boards/{board.platformio_board}.json": board_manifest(board),
    }
    written(files, project)
    done = run_platformio(project, deadline_s=300)
    assert done.code == 0, done.output[-3000:]
    assert "warning:" not in done.output
    assert "kws @ 1.0.0" in done.output  # the library's own manifest was read
    with (project / ".pio" / "build" / "theirs" / "firmware.elf").open("rb") as stream:
        symbols = {s.name for s in ELFFile(stream).get_section_by_name(".symtab").iter_symbols()}
    assert {"mn_model_run", "mn_network_kws", kernel} <= symbols
