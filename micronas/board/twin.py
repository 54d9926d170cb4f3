"""Emulated twins: a QEMU machine with the core of a board whose chip QEMU does not model.

The twin of a board is the same board with a different memory map. It has the same core and compiler flags, so
the same kernels, lowering, plan, constants and arena. Its regions have the same lengths, so what does not fit
the board does not fit its twin. Only the region addresses, the UART and the counter are the machine's. The
counts are instructions of the core and include nothing of the chip (flash wait states, caches, buses).

Machines as in QEMU 7.2; addresses: Arm application notes AN385, AN386, AN500, AN521 and AN547, chapter
"memory map". The Armv8-M machines start in secure state, in which both address aliases answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from micronas.board.arena_location import IN_SRAM, ArenaLocation
from micronas.board.profile import Board, CodeMemory, Core, Emulator, MemoryRegion, RegionKind
from micronas.errors import BoardError

FAMILY = "mps2"
_NS = 1_000_000_000
_REGION_ALIGNMENT = 32
_GAP = 64 * 1024
"""Gap between regions that are not adjacent on the board: an overrun of one does not reach the next."""


@dataclass(frozen=True)
class Memory:
    """Memory of a machine; addresses and bytes."""

    origin: int
    length: int


@dataclass(frozen=True)
class QemuMachine:
    """A QEMU machine used as a proxy for chips with its core.

    ``counter`` is the address of a free-running 32-bit counter at ``clock_hz``. ``icount_shift`` makes an
    instruction take 2^shift ns of the machine's time. That is more than two ticks, so the ticks between two
    readings determine the number of instructions (see firmware/port/mps2/mn_counter.c). ``qemu_options``
    configure the core as in the chips.
    """

    name: str
    core: Core
    code: Memory
    ram: Memory
    uart: int
    uart_irq: int
    counter: int
    clock_hz: int
    icount_shift: int = 7
    qemu_options: tuple[str, ...] = ()

    def runs(self, core: Core) -> bool:
        """Whether it executes code compiled for ``core``; Armv7-M includes all of Armv6-M."""
        return core is self.core or (core is Core.M0PLUS and self.core is Core.M3)

    @property
    def ticks_per_instruction(self) -> Fraction:
        """Instructions per tick as an exact ratio."""
        return Fraction(self.clock_hz << self.icount_shift, _NS)


_MB = 1024 * 1024
_MPS2_CODE, _MPS2_RAM = Memory(0x00000000, 4 * _MB), Memory(0x20000000, 4 * _MB)


def _mps2(name: str, core: Core) -> QemuMachine:
    return QemuMachine(name, core, _MPS2_CODE, _MPS2_RAM, 0x40004000, 0, 0x40028018, 25_000_000)


_ALL = (
    _mps2("mps2-an385", Core.M3),
    _mps2("mps2-an386", Core.M4F),
    _mps2("mps2-an500", Core.M7),
    QemuMachine(
        "mps2-an521",
        Core.M33,
        code=Memory(0x10000000, 4 * _MB),
        ram=Memory(0x38000000, 4 * _MB),
        uart=0x50200000,
        uart_irq=32,
        counter=0x50302018,
        clock_hz=20_000_000,
        # The image gives only its second core an FPU and the DSP extension; STM32L5 and U5 have both.
        qemu_options=("-global", "sse-200.CPU0_FPU=on", "-global", "sse-200.CPU0_DSP=on"),
    ),
    QemuMachine(
        "mps3-an547",
        Core.M55,
        code=Memory(0x10000000, _MB // 2),  # ITCM, where it boots
        ram=Memory(0x31000000, 4 * _MB),
        uart=0x59303000,
        uart_irq=33,
        counter=0x59302018,
        clock_hz=20_000_000,
    ),
)
MACHINES = {machine.name: machine for machine in _ALL}


def machine_for(core: Core) -> QemuMachine:
    """The proxy machine for chips with ``core``."""
    return next(machine for machine in _ALL if machine.runs(core))


def twin_of(board: Board) -> Board | None:
    """The board whose ELF QEMU runs instead of that of ``board``, or None if it runs ``board``'s own.

    Raises ``BoardError`` when the profile names a machine of another core, or one with too little memory.
    """
    machine = MACHINES.get(board.emulator.machine) if board.emulator else None
    if machine is None or board.family == FAMILY:
        return None
    if not machine.runs(board.core):
        raise BoardError(
            f"board {board.name}: {machine.name} is a {machine.core.value}, not a {board.core.value}",
            remedy=f"emulator: {{machine: {machine_for(board.core).name}, own_chip: false}}",
        )
    return board.model_copy(
        update={
            "name": f"{board.name}_on_{machine.name}",
            "title": f"{board.title}'s twin on QEMU {machine.name}",
            "family": FAMILY,
            "regions": (regions := _moved(board, machine)),
            "code_memory": _moved_code(board, regions),
        }
    )


def stand_in_for(board: Board) -> Board:
    """The twin of ``board`` on the machine of its core, even if QEMU has a machine of its chip."""
    machine = machine_for(board.core).name
    found = twin_of(board.model_copy(update={"emulator": Emulator(machine=machine, own_chip=False)}))
    assert found is not None, f"{machine} is a proxy machine"
    return found


def has_memory(board: Board, location: ArenaLocation) -> bool:
    """Whether the machine that runs this board's image has the RAM of ``location``.

    A twin's machine has all regions. QEMU's machines of real chips have one RAM, at ``sram``. There is no CCM
    on the STM32F405 (hw/arm/stm32f405_soc.c of 7.2): its bytes are at the end of the SRAM instead.
    """
    return board.family == FAMILY or location == IN_SRAM


def _moved(board: Board, machine: QemuMachine) -> tuple[MemoryRegion, ...]:
    """The board's regions in the machine's memory, same lengths, in the same order.

    ``sram`` comes first in RAM with nothing below it, so that a stack overflow faults as on the board. The
    other arena regions follow: adjacent regions stay adjacent, and separate ones stay separate.
    """
    flash = [r for r in board.regions if r.kind is RegionKind.FLASH]
    ram = sorted(
        (r for r in board.regions if r.kind is not RegionKind.FLASH),
        key=lambda r: (r.name != "sram", r.name not in board.arena_regions),
    )
    origins = {**_stacked(board, flash, machine.code), **_stacked(board, ram, machine.ram)}
    return tuple(r.model_copy(update={"origin": origins[r.name]}) for r in board.regions)


def _moved_code(board: Board, moved: tuple[MemoryRegion, ...]) -> CodeMemory | None:
    """The same bytes of the moved region; a machine fetches instructions from all of its RAM."""
    memory, region = board.code_memory, board.code_region
    if memory is None or region is None:
        return None
    start = next(r.origin for r in moved if r.name == region.name)
    origin = start + memory.in_regions - region.origin
    return memory.model_copy(update={"origin": origin, "data_origin": None})


def _stacked(board: Board, regions: list[MemoryRegion], memory: Memory) -> dict[str, int]:
    """Origin by region name, consecutive from the start of ``memory``, with gaps where the board has gaps."""
    origins, at = {}, memory.origin
    for before, region in zip([None, *regions], regions, strict=False):
        if before is not None and not _are_neighbours(before, region):
            at += _GAP
        origins[region.name] = at
        at += -(-region.length // _REGION_ALIGNMENT) * _REGION_ALIGNMENT
    if at - memory.origin > memory.length:
        names = ", ".join(region.name for region in regions)
        raise BoardError(
            f"board {board.name}: {names} take {at - memory.origin} bytes, its twin has {memory.length}",
            remedy="remove `emulator` from the profile: this machine cannot emulate the board",
        )
    return origins


def _are_neighbours(one: MemoryRegion, other: MemoryRegion) -> bool:
    return one.end == other.origin or other.end == one.origin
