"""The contents of a board profile, as frozen models.

A profile states what limits a search (memory regions), what the firmware needs (core, clock, UART), how the
board is reached (upload, emulator) and how long an emulated instruction takes. Sizes are bytes, clocks hertz,
addresses integers.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from micronas.errors import BoardError


class Core(Enum):
    """Supported Arm cores; the value is the compiler's ``-mcpu`` name."""

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
    """The kind of a memory region: ``CCM``, ``DTCM`` and ``ITCM`` are attached to the core, not to the bus
    matrix; ``ITCM`` is meant for code; ``AXI`` is SRAM on the core's AXI bus; ``BACKUP`` must be unlocked
    before it can be written.
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
        """Whether the firmware may place an arena, stack or statics there."""
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


class MemoryRegion(_Frozen):
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


class CodeMemory(_Frozen):
    """RAM from which the core fetches instructions without waiting, and without delaying its data accesses.

    ``origin`` is the address of instructions. On some chips the same bytes are at another address for data,
    ``data_origin``, which lies in one of the board's ``regions``.
    """

    origin: int = Field(ge=0)
    length: Size
    data_origin: int | None = Field(default=None, ge=0)
    source: str

    @property
    def in_regions(self) -> int:
        """Address of its first byte in the board's regions."""
        return self.origin if self.data_origin is None else self.data_origin


class Clock(_Frozen):
    """Core clock and its source."""

    hz: int = Field(gt=0)
    source: Literal["hsi", "hse_bypass", "hse_crystal", "emulator"]
    source_hz: int = Field(gt=0)


class Uart(_Frozen):
    """The UART that the firmware uses, and its pins; on a few chips RX has a different alternate-function
    number.
    """

    name: str
    tx: str
    rx: str
    alternate_function: int = Field(default=7, ge=0)
    rx_alternate_function: int | None = Field(default=None, ge=0)
    baud: int = Field(default=115200, gt=0)


class Upload(_Frozen):
    """How PlatformIO uploads firmware to the board."""

    protocol: Literal["stlink", "dfu", "jlink", "blackmagic", "serial", "none"] = "stlink"


class Emulator(_Frozen):
    """The QEMU machine that runs this board's ELF.

    ``own_chip`` is true for a machine of the board's own chip family and false for a proxy machine with the
    same core. Every result states which one was used.
    """

    machine: str
    own_chip: bool
    uart_index: int = Field(default=0, ge=0)


class Timing(_Frozen):
    """Cycles per emulated instruction on the real core: an estimate, with its source."""

    cycles_per_instruction: float = Field(gt=0)
    source: str


class MemoryCost(_Frozen):
    """What an arena costs in another memory than the one that the weights were fitted with.

    Cycles more per load or store, fewer if negative, and how many times as long ops take, flash left out.
    """

    cycles_per_access: float
    factor: float = Field(gt=0)


class Residuals(_Frozen):
    """Relative errors, modelled / measured - 1 without its sign, of ops that were left out of the fit."""

    median: float = Field(ge=0)
    largest: float = Field(ge=0)


class Calibration(_Frozen):
    """The timing model of this very board, fitted by ``micronas calibrate`` to cycles that it counted.

    ``weights`` are cycles per instruction class (micronas/latency/core_models.yaml); ``core_factor`` is how
    many times as long as by the core's uncalibrated model the same ops took, flash left out; ``error`` is
    the half width of the range. ``memories`` holds the other memories in which the arena was probed.
    """

    weights: dict[str, float]
    miss_cycles_per_wait_state: float = Field(ge=0)
    core_factor: float = Field(gt=0)
    error: float = Field(gt=0, lt=1)
    source: str
    memories: dict[str, MemoryCost] = {}
    residuals: Residuals | None = None


class Published(_Frozen):
    """Published results for this exact board: at which clock, with which engine, and where.

    ``engine`` is TensorFlow Lite Micro where such results are known, otherwise the engine of the publication.
    """

    clock_hz: int = Field(gt=0)
    engine: str
    source: str


Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
"""A name that becomes part of file names, of PlatformIO's ini and of an uploader's arguments."""


class Board(_Frozen):
    """A board, as used by the whole pipeline.

    ``arena_regions`` are the memories that may hold a network's arena, best first; stack and statics are in
    ``sram``. ``code_memory`` is RAM that may hold the code of kernels, None without any.
    ``published`` describes published results to compare with, None if none are known. ``silicon`` states
    what ran on a physical board and with which version, None if nothing did.
    ``calibration`` is the timing model that ``micronas calibrate`` fitted to this board, None without one.
    """

    name: Name
    title: str
    mcu: Name
    family: Name
    core: Core
    clock: Clock
    regions: tuple[MemoryRegion, ...]
    uart: Uart
    platformio_board: Name
    upload: Upload = Upload()
    emulator: Emulator | None = None
    timing: Timing
    stack_bytes: Size = 4096
    arena_regions: tuple[str, ...] = Field(default=("sram",), min_length=1)
    code_memory: CodeMemory | None = None
    published: Published | None = None
    calibration: Calibration | None = None
    silicon: str | None = None
    reference: str

    def region(self, name: str) -> MemoryRegion:
        """The region called ``name``; raises ``BoardError`` if the board has none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise BoardError(f"board {self.name}: no memory region named {name!r}")

    @property
    def code_region(self) -> MemoryRegion | None:
        """The region that ``code_memory`` is in, None on a board without one."""
        memory = self.code_memory
        if memory is None:
            return None
        return next((r for r in self.regions if r.origin <= memory.in_regions < r.end), None)

    @property
    def flash_bytes(self) -> int:
        """Bytes of all flash regions."""
        return sum(r.length for r in self.regions if r.kind is RegionKind.FLASH)

    @property
    def sram_bytes(self) -> int:
        """Bytes of the region that holds stack and statics (and the arena, unless a better region does)."""
        return self.region("sram").length
