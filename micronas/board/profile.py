"""What a board profile says, as frozen models.

A profile says what a search budgets (memory regions), what the firmware needs (core, clock, UART),
how the board is reached (upload, emulator) and what an emulated instruction count is worth in time.
Sizes are bytes, clocks hertz, addresses integers.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from micronas.errors import BoardError


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
    regions: tuple[MemoryRegion, ...]
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

    def region(self, name: str) -> MemoryRegion:
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
