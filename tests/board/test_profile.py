"""Profiles against the front pages of data sheets, and the message about a wrong profile."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from micronas.board import Board, RegionKind, board_names, load_board, read_board, shipped_boards
from micronas.cli.boards import HEADER, row
from micronas.cli.clock import did_not_start
from micronas.device.replies import ClockSource, CountedBy, Counter, Info
from micronas.errors import BoardError
from micronas.firmware.board_header import board_header
from tests.support.paths import TOOLS

# Core, MHz, KB of flash, KB of RAM without backup SRAM: from the feature lists of DS8626, DS10693, DS10086,
# DS10314, DS6329, DS5319, DS6113, DS10916, DS11532 and DS12110.
FACTS: dict[str, tuple[str, int, int, int]] = {
    "black_f407vg": ("cortex-m4", 168, 1024, 192),
    "blackpill_f411ce": ("cortex-m4", 100, 512, 128),
    "bluepill_f103c8": ("cortex-m3", 72, 64, 20),
    "disco_f407vg": ("cortex-m4", 168, 1024, 192),
    "disco_f746ng": ("cortex-m7", 216, 1024, 336),  # 320 KB and 16 KB of ITCM
    "netduino2": ("cortex-m3", 120, 768, 128),
    "nucleo_f103rb": ("cortex-m3", 72, 128, 20),
    "nucleo_f401re": ("cortex-m4", 84, 512, 96),
    "nucleo_f411re": ("cortex-m4", 100, 512, 128),
    "nucleo_f446re": ("cortex-m4", 180, 512, 128),
    "nucleo_f746zg": ("cortex-m7", 216, 1024, 336),
    "nucleo_f767zi": ("cortex-m7", 216, 2048, 528),  # 512 KB and 16 KB of ITCM
    "nucleo_h743zi2": ("cortex-m7", 480, 2048, 1056),  # 192 KB of TCM, 864 KB of user SRAM
    "stm32vldiscovery": ("cortex-m3", 24, 128, 8),
}


@pytest.mark.parametrize("name", FACTS)
def test_a_profile_says_what_the_data_sheet_says(name: str) -> None:
    board = load_board(name)
    ram = sum(r.length for r in board.regions if r.kind not in (RegionKind.FLASH, RegionKind.BACKUP))
    figures = (board.core.value, board.clock.hz // 1_000_000, board.flash_bytes // 1024, ram // 1024)
    assert figures == FACTS[name]


@pytest.mark.parametrize("name", board_names())
def test_a_profile_is_complete_and_the_firmware_accepts_it(name: str) -> None:
    board = load_board(name)
    assert f'#define MN_BOARD_NAME "{name}"' in board_header(board)
    assert "RM0" in board.reference
    assert "estimate" in board.timing.source or "published" in board.timing.source
    assert board.emulator is not None
    assert all(part.strip() for part in (board.title, board.mcu, board.platformio_board))


@pytest.mark.parametrize("name", board_names())
def test_no_profile_has_more_wait_states_than_it_needs(name: str) -> None:
    """One fewer than the profile's is refused by the family's table, so the shipped figure is the least."""
    board = load_board(name)
    flash = board.region("flash")
    if flash.wait_states == 0:
        pytest.skip(f"{name} runs without wait states")
    fewer = flash.model_copy(update={"wait_states": flash.wait_states - 1})
    regions = tuple(fewer if r is flash else r for r in board.regions)
    with pytest.raises(BoardError, match=rf"flash has {fewer.wait_states} wait states.* needs"):
        board_header(board.model_copy(update={"regions": regions}))


def raw_profile(name: str) -> dict[str, Any]:
    profile: dict[str, Any] = yaml.safe_load((shipped_boards() / f"{name}.yaml").read_text(encoding="utf-8"))
    return profile


def load_changed(folder: Path, name: str, changes: dict[str, object]) -> Board:
    """``name`` with some keys replaced; a dict merges into the dict that is there."""
    raw = raw_profile(name)
    for key, value in changes.items():
        raw[key] = {**raw[key], **value} if isinstance(value, dict) else value
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return read_board(folder / f"{name}.yaml")


def region(name: str, kind: str, origin: int, length: str) -> dict[str, object]:
    return {"name": name, "kind": kind, "origin": origin, "length": length}


FLASH = region("flash", "flash", 0x08000000, "512K")
SRAM = region("sram", "sram", 0x20000000, "128K")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regions": [FLASH, region("sram", "sram", 0x0807FF00, "128K")]}, "regions flash and sram overlap"),
        ({"regions": [FLASH, SRAM, dict(SRAM)]}, "region name 'sram' occurs twice"),
        ({"regions": [FLASH, region("ram", "sram", 0x20000000, "128K")]}, "no region named 'sram'"),
        ({"arena_regions": ["sram", "flash"]}, "arena_regions: 'flash' is flash, which cannot hold data"),
        ({"arena_regions": ["dtcm"]}, "arena_regions: 'dtcm' is not a region"),
        ({"stack_bytes": "128K"}, "fills all of sram"),
        ({"stack_bytes": 4100}, "multiple of 8"),
        ({"clock": {"hz": 0}}, r"clock\.hz"),
        ({"clock": {"source": "crystal"}}, r"clock\.source"),
        ({"core": "cortex-m5"}, "core"),
        ({"uart": {"bauds": 9600}}, r"uart\.bauds"),
        ({"upload": {"protocol": "usb"}}, r"upload\.protocol"),
        ({"name": "nucleo"}, "name is 'nucleo', but the file is nucleo_f446re.yaml"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_by_name(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BoardError, match=rf"nucleo_f446re\.yaml: .*{message}"):
        load_changed(tmp_path, "nucleo_f446re", changes)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("nucleo_f446re", {"family": "stm32f3"}, "no firmware port for family 'stm32f3'"),
        ("nucleo_f446re", {"mcu": "STM32F303RET6"}, "STM32F303RET6 is not a known chip of family stm32f4"),
        ("nucleo_f446re", {"clock": {"hz": 181_000_000}}, "runs at up to 180000000 Hz"),
        ("nucleo_f446re", {"clock": {"hz": 179_999_999}}, "no PLL setting makes 179999999 Hz from 8000000"),
        (
            "nucleo_f446re",
            {"clock": {"source": "hse_crystal", "source_hz": 32_000_000}},
            "accepts 4000000 to 26000000",
        ),
        ("nucleo_f446re", {"clock": {"source": "hsi"}}, "source_hz 8000000 of hsi"),
        ("nucleo_f446re", {"clock": {"source": "emulator"}}, "'emulator'"),
        ("nucleo_f446re", {"uart": {"name": "usart9"}, "emulator": {"uart_index": 8}}, "no UART 'usart9'"),
        (
            "nucleo_f401re",
            {"uart": {"name": "usart3"}, "emulator": {"uart_index": 2}},
            "no UART 'usart3'",
        ),  # the chip has 1, 2 and 6
        ("nucleo_l432kc", {"uart": {"name": "usart3"}}, "no UART 'usart3'"),  # 1, 2 and the LPUART
        ("nucleo_f446re", {"uart": {"tx": "PA16"}}, "'PA16' is not a pin"),
        ("nucleo_f103rb", {"uart": {"tx": "PD5", "rx": "PD6"}}, "usart2 on PD5, PD6.*PA2, PA3"),
        ("nucleo_f103rb", {"clock": {"hz": 80_000_000}}, "runs at up to 72000000 Hz"),
        ("nucleo_f103rb", {"clock": {"hz": 70_000_000}}, "no PLL setting makes 70000000 Hz"),
        ("nucleo_f767zi", {"clock": {"hz": 220_000_000}}, "runs at up to 216000000 Hz"),
        ("nucleo_h743zi2", {"clock": {"hz": 500_000_000}}, "runs at up to 480000000 Hz"),
        ("nucleo_h743zi2", {"mcu": "STM32H723ZGT6"}, "not a known chip of family stm32h7"),
        ("netduino2", {"clock": {"hz": 168_000_000}}, "runs at up to 120000000 Hz"),
    ],
)
def test_a_profile_that_the_chip_cannot_do_is_refused_by_name(
    name: str, changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    board = load_changed(tmp_path, name, changes)
    with pytest.raises(BoardError, match=rf"board {name}: .*{message}"):
        board_header(board)


def test_the_page_of_boards_is_what_the_profiles_say() -> None:
    sys.path.insert(0, str(TOOLS))
    try:
        import write_boards_page
    finally:
        sys.path.remove(str(TOOLS))
    text = write_boards_page.PAGE.read_text(encoding="utf-8")
    assert text == write_boards_page.page(text), "run `python tools/write_boards_page.py`"
    assert all(f"| {name} |" in text for name in board_names())


def test_bench_says_when_the_profiles_clock_did_not_start() -> None:
    board = load_board("disco_f746ng")
    sizes = (0,) * 10
    clock = (216_000_000, ClockSource.HSI, True)
    counter = (Counter.CYCLES, CountedBy.DWT)
    info = Info(b"", *clock, *counter, *sizes, board.name, board.core.value)
    assert "from hsi; the wanted 216 MHz from hse_crystal did not start" in did_not_start(info, board)


@pytest.mark.parametrize(
    ("name", "more_ram", "emulated"),
    [
        ("disco_f407vg", "64.0 KB", "netduinoplus2 (arena in sram, own chip)"),
        ("nucleo_f411re", "", "netduinoplus2 (own image, another chip)"),
        ("nucleo_h743zi2", "480.0 KB", "mps2-an500 (proxy for the core)"),
    ],
)
def test_the_list_says_what_was_proven_where(name: str, more_ram: str, emulated: str) -> None:
    """DTCM 128 KB and SRAM1 to 4, 352 KB, on the H743; ITCM and backup SRAM hold no data."""
    cells = dict(zip(HEADER, row(load_board(name)), strict=True))
    assert (cells["more RAM"], cells["QEMU"], cells["silicon"]) == (more_ram, emulated, "untested")


def test_a_board_that_somebody_measured_says_so(tmp_path: Path) -> None:
    measured = "ran bench with version 0.1.0"
    board = load_changed(tmp_path, "nucleo_f446re", {"silicon": measured})
    assert row(board)[-1] == measured
