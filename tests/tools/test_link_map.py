"""The references between linked sections, for a program whose code names its tables in every way."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import TOOLS

PROGRAM = """
static const short first[64] = {1}, second[300] = {2, 3};
int use_first(int i);
int use_second(int i);
int use_neither(int i);
int use_first(int i) { return first[i]; }
int use_second(int i) { return second[i] + use_neither(i); }
__attribute__((noinline)) int use_neither(int i) { return 3 * i; }
int (*const table[])(int) = {use_first, use_second};
int start(int i, int j) { return table[i](j); }
"""
SCRIPT = """
SECTIONS {
    . = 0x08000000;
    .code : { *(.text*) }
    .rodata : { *(.rodata*) }
    /DISCARD/ : { *(.ARM.*) *(.comment) }
}
"""


@pytest.fixture
def link_map():
    sys.path.insert(0, str(TOOLS))
    try:
        import link_map
    finally:
        sys.path.remove(str(TOOLS))
    return link_map


def linked(folder: Path, *flags: str) -> tuple[Path, Path]:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on PATH")
    (folder / "program.c").write_text(PROGRAM)
    (folder / "script.ld").write_text(SCRIPT)
    command = ["arm-none-eabi-gcc", "-mthumb", "-O2", "-ffunction-sections", "-fdata-sections", *flags]
    command += ["-nostdlib", "-Wl,--emit-relocs", "-Wl,-estart", "-Wl,-Map=program.map", "-Tscript.ld"]
    done = subprocess.run(
        [*command, "-o", "program.elf", "program.c"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder / "program.elf", folder / "program.map"


@pytest.mark.parametrize(
    "flags",
    [
        ("-mcpu=cortex-m4",),
        ("-mcpu=cortex-m4", "-mslow-flash-data"),
        ("-mcpu=cortex-m7",),
        ("-mcpu=cortex-m0plus",),
    ],
    ids=["literal pools", "MOVW and MOVT", "M7", "M0+"],
)
def test_each_function_refers_to_its_own_table(link_map, tmp_path, flags):
    elf, map_file = linked(tmp_path, *flags)
    units = link_map.read_units(map_file)
    found = link_map.read_references(elf, units)
    short = {name.split()[0]: {r.split()[0] for r in refs} for name, refs in found.items()}
    assert short[".text.use_first"] == {".rodata.first"}
    assert short[".text.use_second"] == {".rodata.second", ".text.use_neither"}
    assert short[".text.use_neither"] == set()
    assert short[".text.start"] == {".rodata.table"}
    assert short[".rodata.table"] == {".text.use_first", ".text.use_second"}
    assert set(short) == link_map.reachable({".text.start"}, short)


def test_an_immediate_is_put_together_from_its_four_fields(link_map):
    assert link_map.move_immediate(bytes.fromhex("4bf6cd1c")) == (12, 0xB9CD)  # movw r12, #0xb9cd
    assert link_map.move_immediate(bytes.fromhex("c0f60003")) == (3, 0x0800)  # movt r3, #0x800
