"""Firmware builds: what is linked, what is cached, and what a failing build says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from micronas.board import load_board
from micronas.board.arena_location import ArenaLocation, ArenaMemory
from micronas.errors import BudgetError, BuildError, MachineError, ToolMissingError
from micronas.firmware import Firmware, assert_ledger_matches, build_firmware
from micronas.firmware.elf import Section, Symbol, read_image
from micronas.firmware.run_platformio import run_platformio
from tests.support.paths import FIRMWARE_MODELS

pytestmark = pytest.mark.emulator

TINY = (FIRMWARE_MODELS / "tiny.c").read_text(encoding="utf-8")
TINY_CONSTANT_BYTES = 3 + 16 + 16 + 3 * 4  # step, input and output tables, op pointers: worked out by hand


@pytest.fixture(scope="module")
def tiny(firmware_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    folder = tmp_path_factory.mktemp("tiny")
    return build_firmware(
        {"mn_model.c": TINY}, load_board("nucleo_f446re"), workdir=folder, cache_dir=firmware_cache
    )


def test_sizes_agree_with_arm_none_eabi_size(tiny: Firmware) -> None:
    output = subprocess.run(
        ["arm-none-eabi-size", "-A", str(tiny.elf)], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    sections = {m[1]: int(m[2]) for m in re.finditer(r"^(\.\w+)\s+(\d+)\s", output, re.M)}
    linked = tiny.linked
    assert linked.arena == sections[".arena"] == 32
    assert linked.stack == sections[".stack"] == 4096
    assert linked.static == sections[".bss"] + sections.get(".data", 0)
    assert linked.constants == TINY_CONSTANT_BYTES
    assert linked.flash_bytes == sum(sections[n] for n in (".code", ".constants", ".rodata"))


def test_symbols_and_sections_are_those_that_an_elf_library_reads(tiny: Firmware) -> None:
    with tiny.elf.open("rb") as stream:
        elf = ELFFile(stream)
        names = [section.name for section in elf.iter_sections()]
        expected = [
            Symbol(s.name, s["st_info"]["type"], s["st_value"], s["st_size"], names[s["st_shndx"]])
            for s in elf.get_section_by_name(".symtab").iter_symbols()
            if s["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT") and isinstance(s["st_shndx"], int)
        ]
        sections = [
            Section(s.name, s["sh_addr"], s["sh_size"], s["sh_type"] != "SHT_NOBITS")
            for s in elf.iter_sections()
            if s["sh_flags"] & 2
        ]
    assert len(expected) > 50
    assert list(tiny.image.symbols) == expected
    assert list(tiny.image.sections) == sections


@pytest.mark.parametrize("damaged", [b"", b"\x7fELF", b"\x7fELF\x01\x01" + 50 * b"\xff"])
def test_what_is_not_an_image_is_refused(damaged: bytes, tmp_path: Path) -> None:
    path = tmp_path / "firmware.elf"
    path.write_bytes(damaged)
    with pytest.raises(BuildError, match=r"firmware\.elf is not a linked 32-bit ELF file"):
        read_image(path)


def test_sram_has_no_gap(tiny: Firmware) -> None:
    assert tiny.regions["sram"] == tiny.linked.sram_bytes
    assert tiny.regions["flash"] == pytest.approx(tiny.linked.flash_bytes, abs=16)


def test_the_stack_is_the_first_thing_in_sram(tiny: Firmware) -> None:
    stack = next(s for s in tiny.image.sections if s.name == ".stack")
    assert stack.address == 0x20000000


def test_the_build_id_is_in_the_image_and_follows_the_content(
    tiny: Firmware, tmp_path: Path, firmware_cache: Path
) -> None:
    assert tiny.elf.read_bytes().count(tiny.build_id) == 1
    board = load_board("nucleo_f446re")
    same = build_firmware({"mn_model.c": TINY}, board, workdir=tmp_path / "a", cache_dir=firmware_cache)
    other = build_firmware(
        {"mn_model.c": TINY + "\n"}, board, workdir=tmp_path / "b", cache_dir=firmware_cache
    )
    assert same.build_id == tiny.build_id != other.build_id
    assert same.elf.read_bytes() == tiny.elf.read_bytes()


@dataclass(frozen=True)
class WatchedBuild:
    """A build with an empty cache: what the compiler was called with, and any attempt to reach a network."""

    cache: Path
    calls: Path
    connections: Path
    firmware: Firmware


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedBuild]:
    """A compiler that logs its calls stands before the real one on PATH. Any attempt to create an internet
    socket in PlatformIO or SCons leaves a mark and fails.
    """
    folder = tmp_path_factory.mktemp("watched")
    calls, marks = folder / "calls", folder / "marks"
    wrapper, spy = folder / "bin" / "arm-none-eabi-gcc", folder / "spy" / "sitecustomize.py"
    for path in (wrapper, spy):
        path.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexec {shutil.which(wrapper.name)} "$@"\n')
    wrapper.chmod(0o755)
    spy.write_text(
        "import socket\n"
        "def refuse(*args, **kwargs):\n"
        f"    open({str(marks)!r}, 'a').write(repr(args) + '\\n')\n"
        "    raise OSError('no network in this test')\n"
        "socket.socket.connect = refuse\n"
        "socket.getaddrinfo = refuse\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
        patch.setenv("PYTHONPATH", str(spy.parent))
        cache = folder / "cache"
        board = load_board("nucleo_f446re")
        first = build_firmware({"mn_model.c": TINY}, board, workdir=folder / "a", cache_dir=cache)
        yield WatchedBuild(cache, calls, marks, first)


def test_a_build_opens_no_network_connection(watched: WatchedBuild) -> None:
    assert watched.firmware.elf.is_file()
    assert not watched.connections.exists(), watched.connections.read_text()


def test_a_second_candidate_compiles_only_what_is_its_own(watched: WatchedBuild, tmp_path: Path) -> None:
    assert len(watched.calls.read_text().splitlines()) > 20
    watched.calls.unlink()
    source = TINY.replace("{1, 1, 1}", "{1, 2, 1}")
    board = watched.firmware.board
    build_firmware({"mn_model.c": source}, board, workdir=tmp_path, cache_dir=watched.cache)
    compiled = re.findall(r"-c .*?(\w+\.c)$", watched.calls.read_text(), re.M)
    assert compiled == ["mn_model.c"]


def test_an_overflow_names_region_and_bytes(tiny: Firmware, tmp_path: Path, firmware_cache: Path) -> None:
    board = load_board("nucleo_f446re")
    source = TINY.replace("mn_arena[32]", "mn_arena[200000]")
    with pytest.raises(BudgetError, match=r"sram by (\d+) bytes") as caught:
        build_firmware({"mn_model.c": source}, board, workdir=tmp_path, cache_dir=firmware_cache)
    over = int(re.search(r"sram by (\d+)", str(caught.value))[1])  # type: ignore[index]
    assert over == tiny.linked.stack + tiny.linked.static + 200_000 - 128 * 1024


def test_a_compiler_error_shows_the_compilers_line(tmp_path: Path, firmware_cache: Path) -> None:
    source = TINY.replace("int32_t total = 0;", "int32_t total = zero;")
    with pytest.raises(BuildError, match=r"mn_model\.c:\d+:\d+: error: 'zero' undeclared"):
        build_firmware(
            {"mn_model.c": source}, load_board("nucleo_f446re"), workdir=tmp_path, cache_dir=firmware_cache
        )


def test_a_missing_compiler_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="apt install gcc-arm-none-eabi"):
        build_firmware({"mn_model.c": TINY}, load_board("nucleo_f446re"), workdir=tmp_path)


def test_an_unknown_platform_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICRONAS_PLATFORM", "atmelavr")
    with pytest.raises(BuildError, match="atmelavr"):
        build_firmware({"mn_model.c": TINY}, load_board("nucleo_f446re"), workdir=tmp_path)


def test_the_registry_platform_is_used_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from micronas.firmware.run_platformio import write_local_ini

    monkeypatch.setenv("MICRONAS_PLATFORM", "ststm32")
    write_local_ini(tmp_path, load_board("nucleo_f446re"), tmp_path / "cache")
    assert "platform =" not in (tmp_path / "platformio.local.ini").read_text()


def test_a_build_that_hangs_ends_at_its_deadline(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").write_text("[platformio]\nsrc_dir = .\n")
    started = time.monotonic()
    with pytest.raises(MachineError, match="did not finish"):
        run_platformio(tmp_path, deadline_s=0.05)
    assert time.monotonic() - started < 30


@dataclass(frozen=True)
class Figures:
    arena_bytes: int
    sram_bytes: int
    constant_bytes: int


def test_a_ledger_that_is_one_byte_off_is_refused_with_both_figures(tiny: Firmware) -> None:
    sram = tiny.linked.sram_bytes
    assert_ledger_matches(Figures(32, sram, TINY_CONSTANT_BYTES), tiny.linked)
    for wrong in (
        Figures(31, sram, TINY_CONSTANT_BYTES),
        Figures(32, sram + 1, TINY_CONSTANT_BYTES),
        Figures(32, sram, TINY_CONSTANT_BYTES - 1),
    ):
        with pytest.raises(BuildError, match=r"predicted \d+ bytes, linked \d+"):
            assert_ledger_matches(wrong, tiny.linked)


def test_the_arena_may_live_in_another_region(tmp_path: Path, firmware_cache: Path) -> None:
    firmware = build_firmware(
        {"mn_model.c": TINY},
        load_board("black_f407vg"),
        workdir=tmp_path,
        cache_dir=firmware_cache,
        arena_location=ArenaLocation((ArenaMemory(("ccm",)),)),
    )
    assert firmware.regions["ccm"] == 32
    assert firmware.image.symbol("mn_arena").address == 0x10000000
