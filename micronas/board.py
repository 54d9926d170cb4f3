"""Board profiles: YAML in ``boards/`` -> frozen, checked ``Board``.

A profile says what a search budgets (memory regions), what the firmware needs (core, clock, UART),
how the board is reached (upload, emulator) and what an emulated instruction count is worth in time.
Sizes are bytes, clocks hertz, addresses integers.
"""

from __future__ import annotations

import difflib
import itertools
import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from micronas.errors import BoardError

BOARDS_DIR = Path(__file__).resolve().parent.parent / "boards"


class Core(Enum):
    """Arm cores we generate for; the value is the compiler's ``-mcpu`` name."""

    M0PLUS = "cortex-m0plus"
    M3 = "cortex-m3"
    M4F = "cortex-m4"
    M7 = "cortex-m7"
    M33 = "cortex-m33"
    M55 = "cortex-m55"

    @property
    def has_dsp(self) -> bool:
        """Whether the core has the DSP extension (SMLAD, SXTB16, SSAT16)."""
        return self not in (Core.M0PLUS, Core.M3)

    @property
    def fpu(self) -> str | None:
        """The compiler's ``-mfpu`` name, or None for a core without one."""
        return {
            Core.M4F: "fpv4-sp-d16",
            Core.M7: "fpv5-sp-d16",
            Core.M33: "fpv5-sp-d16",
            Core.M55: "auto",
        }.get(self)

    @property
    def compiler_flags(self) -> tuple[str, ...]:
        """The code-generation flags that compiler and linker must share (one float ABI per build)."""
        flags = (f"-mcpu={self.value}", "-mthumb")
        return (*flags, "-mfloat-abi=hard", f"-mfpu={self.fpu}") if self.fpu else (*flags, "-mfloat-abi=soft")


class RegionKind(Enum):
    """What a memory region is.

    ``CCM``, ``DTCM`` and ``ITCM`` hang on the core, not on the bus matrix; ``ITCM`` is meant for code;
    ``AXI`` is SRAM on the core's AXI bus; ``BACKUP`` has to be unlocked before it can be written.
    """

    FLASH = "flash"
    SRAM = "sram"
    CCM = "ccm"
    DTCM = "dtcm"
    ITCM = "itcm"
    AXI = "axi"
    BACKUP = "backup"

    @property
    def holds_data(self) -> bool:
        """Whether the firmware may put an arena, stack or statics there."""
        return self not in (RegionKind.FLASH, RegionKind.ITCM, RegionKind.BACKUP)


def _size(value: object) -> object:
    """``512K`` or ``1M`` -> bytes; anything else is left to pydantic."""
    units = {"K": 1024, "M": 1024 * 1024}
    if isinstance(value, str) and value[-1:].upper() in units and value[:-1].strip().isdigit():
        return int(value[:-1]) * units[value[-1].upper()]
    return value


Size = Annotated[int, BeforeValidator(_size), Field(gt=0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Region(_Frozen):
    """One contiguous memory."""

    name: str
    kind: RegionKind
    origin: int = Field(ge=0)
    length: Size
    wait_states: int = Field(default=0, ge=0)

    @property
    def end(self) -> int:
        """First address past the region."""
        return self.origin + self.length


class Clock(_Frozen):
    """Core clock and where it comes from."""

    hz: int = Field(gt=0)
    source: Literal["hsi", "hse_bypass", "hse_crystal", "emulator"]
    source_hz: int = Field(gt=0)


class Uart(_Frozen):
    """The UART that the firmware speaks on, and its pins; few chips number RX's function differently."""

    name: str
    tx: str
    rx: str
    alternate_function: int = Field(default=7, ge=0)
    rx_alternate_function: int | None = Field(default=None, ge=0)
    baud: int = Field(default=115200, gt=0)


class Upload(_Frozen):
    """How PlatformIO puts firmware on the board."""

    protocol: Literal["stlink", "dfu", "jlink", "blackmagic", "serial", "none"] = "stlink"


class Emulator(_Frozen):
    """The QEMU machine that runs this board's ELF.

    ``own_chip`` tells the machine of the board's own family from a stand-in with the same core; a
    result says which it was.
    """

    machine: str
    own_chip: bool
    uart_index: int = Field(default=0, ge=0)


class Timing(_Frozen):
    """What one emulated instruction is worth: cycles on the real core, an estimate with its source."""

    cycles_per_instruction: float = Field(gt=0)
    source: str


class Published(_Frozen):
    """Results that somebody published for this very board: at which clock, with which engine, and where.

    ``engine`` is TensorFlow Lite Micro where such results are known, else whatever was published.
    """

    clock_hz: int = Field(gt=0)
    engine: str
    source: str


class Board(_Frozen):
    """A board as the whole pipeline sees it.

    ``arena_regions`` are memories that may hold a network's arena, the best first; stack and statics lie in
    ``sram``. ``published`` is what others' results can be compared at, None where none are known. ``silicon``
    says what ran on a physical board and with which version; None as long as nothing did.
    """

    name: str
    title: str
    mcu: str
    family: str
    core: Core
    clock: Clock
    regions: tuple[Region, ...]
    uart: Uart
    platformio_board: str
    upload: Upload = Upload()
    emulator: Emulator | None = None
    timing: Timing
    stack_bytes: Size = 4096
    arena_regions: tuple[str, ...] = Field(default=("sram",), min_length=1)
    published: Published | None = None
    silicon: str | None = None
    reference: str

    def region(self, name: str) -> Region:
        """The region called ``name``; raises ``BoardError`` if the board has none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise BoardError(f"board {self.name}: no memory region named {name!r}")

    @property
    def flash_bytes(self) -> int:
        """Bytes of all flash regions."""
        return sum(r.length for r in self.regions if r.kind is RegionKind.FLASH)

    @property
    def sram_bytes(self) -> int:
        """Bytes of the region that holds stack and statics (and the arena, where nothing better does)."""
        return self.region("sram").length


def load_board(name: str, folder: Path = BOARDS_DIR) -> Board:
    """Read ``boards/NAME.yaml``; raises ``BoardError`` naming the key and the nearest board or fix."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise _unknown_board(name, folder)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        board = Board.model_validate(raw)
    except yaml.YAMLError as error:
        raise BoardError(f"{path.name}: not valid YAML: {error}") from error
    except ValidationError as error:
        raise BoardError(f"{path.name}: {describe_validation(error)}") from error
    problems = [text for check in CHECKS for text in check(board)]
    if board.name != name:
        problems.append(f"name is {board.name!r}, but the file is {path.name}")
    if problems:
        raise BoardError(f"{path.name}: " + "; ".join(problems))
    return board


def board_names(folder: Path = BOARDS_DIR) -> tuple[str, ...]:
    """Names of all shipped boards, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def describe_validation(error: ValidationError) -> str:
    """The first few pydantic complaints as ``key: what`` on one line."""
    parts = [f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()[:3]]
    return "; ".join(parts)


def _unknown_board(name: str, folder: Path) -> BoardError:
    names = board_names(folder)
    # As it is printed on the box: NUCLEO-F446RE.
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    near = [n for n in names if word and word in n] or difflib.get_close_matches(word, names, n=1)
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?"
        if 0 < len(near) < 4
        else f"known boards: {', '.join(names)}"
    )
    return BoardError(f"unknown board {name!r}", remedy=f"{hint} (`micronas boards` lists them)")


def _check_regions_do_not_overlap(board: Board) -> list[str]:
    ordered = sorted(board.regions, key=lambda r: r.origin)
    return [
        f"regions {a.name} and {b.name} overlap" for a, b in itertools.pairwise(ordered) if a.end > b.origin
    ]


def _check_region_names_are_unique(board: Board) -> list[str]:
    names = [r.name for r in board.regions]
    return [f"region name {n!r} occurs twice" for n in sorted(set(names)) if names.count(n) > 1]


def _check_has_flash_and_sram(board: Board) -> list[str]:
    missing = [n for n in ("flash", "sram") if not any(r.name == n for r in board.regions)]
    return [f"no region named {n!r}" for n in missing]


def _check_arena_regions_are_ram(board: Board) -> list[str]:
    kinds = {r.name: r.kind for r in board.regions}
    names = board.arena_regions
    twice = [f"arena_regions: {n!r} occurs twice" for n in sorted(set(names)) if names.count(n) > 1]
    unknown = [f"arena_regions: {n!r} is not a region" for n in names if n not in kinds]
    others = [
        f"arena_regions: {n!r} is {kinds[n].value}, which holds no data"
        for n in names
        if n in kinds and not kinds[n].holds_data
    ]
    return [*twice, *unknown, *others]


def _check_stack_fits(board: Board) -> list[str]:
    sram = next((r for r in board.regions if r.name == "sram"), None)
    if sram and board.stack_bytes >= sram.length:
        return [f"stack_bytes {board.stack_bytes} leaves nothing of sram {sram.length}"]
    return []


def _check_stack_alignment(board: Board) -> list[str]:
    return [] if board.stack_bytes % 8 == 0 else ["stack_bytes must be a multiple of 8 (AAPCS)"]


CHECKS = (
    _check_region_names_are_unique,
    _check_regions_do_not_overlap,
    _check_has_flash_and_sram,
    _check_arena_regions_are_ram,
    _check_stack_fits,
    _check_stack_alignment,
)
