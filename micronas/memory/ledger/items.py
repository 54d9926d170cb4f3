"""The ledger's entries and sums."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.board.arena_location import ArenaLocation
from micronas.codegen.lowering import Lowered
from micronas.memory.ledger.free_region import FreeRegion, Item
from micronas.memory.ledger.placement import NoSplit
from micronas.memory.plan import Plan
from micronas.trial import Json


@dataclass(frozen=True)
class RegionSize:
    """A memory of the board and its size in bytes."""

    name: str
    length: int


@dataclass(frozen=True)
class RamCode:
    """Kernels that run from RAM: the ``units`` (section and object) that are copied there, ``nbytes``.

    ``cycles`` are the network's modelled cycles so, and ``flash_cycles`` from flash.
    """

    nbytes: int
    units: tuple[str, ...]
    cycles: float
    flash_cycles: float


@dataclass(frozen=True)
class OpRow:
    """One op's share: its constants, and the arena bytes in use while it runs (scratch included)."""

    index: int
    kind: str
    input_shapes: tuple[tuple[int, ...], ...]
    output_shape: tuple[int, ...]
    constant_bytes: int
    scratch_bytes: int
    live_bytes: int

    @property
    def title(self) -> str:
        """``op #3 CONV_2D 1x48x48x8 -> 1x24x24x16``."""
        sources = " + ".join(dims(s) for s in self.input_shapes)
        return f"op #{self.index} {self.kind} {sources} -> {dims(self.output_shape)}"


@dataclass(frozen=True, eq=False)
class Ledger:
    """Predicted bytes of one network on one board.

    ``rooms`` are the memories that could hold the arena whole; ``arena_location`` is where it is placed, the
    largest of ``rooms`` if nothing holds it. ``no_split`` is then the reason why it is not split, if there
    are separate memories. ``plan`` is its layout (for ``tflm`` TFLite Micro's own head); ``lowered`` is the
    input of the code generator (empty for ``tflm``); ``ops`` one row per op of the graph. ``ram_code`` is
    the code that runs from RAM, if any.
    """

    model: str
    board: str
    runtime: str
    flash: tuple[Item, ...]
    sram: tuple[Item, ...]
    regions: tuple[RegionSize, ...]
    arena_location: ArenaLocation
    rooms: tuple[FreeRegion, ...]
    no_split: NoSplit | None
    plan: Plan
    lowered: tuple[Lowered, ...]
    ops: tuple[OpRow, ...]
    notes: tuple[str, ...]
    ram_code: RamCode | None = None

    @property
    def flash_bytes(self) -> int:
        """All flash."""
        return sum(item.nbytes for item in self.flash)

    @property
    def sram_bytes(self) -> int:
        """All SRAM, over all regions."""
        return sum(item.nbytes for item in self.sram)

    @property
    def constant_bytes(self) -> int:
        """The network's constants."""
        return sum(item.nbytes for item in self.flash if item.what == "constants")

    @property
    def arena_bytes(self) -> int:
        """The arena: for ``tflm`` its head and tail together."""
        return sum(item.nbytes for item in self.sram if item.what.startswith("arena"))

    def region_bytes(self, name: str) -> int:
        """Bytes used of the region called ``name``."""
        return sum(item.nbytes for item in (*self.flash, *self.sram) if item.region == name)

    def sram_of(self, what: str) -> int:
        """Bytes of SRAM of one kind, over all regions."""
        return sum(item.nbytes for item in self.sram if item.what == what)

    def holds_arena(self, name: str) -> bool:
        """Whether a part of the arena is in the region called ``name``."""
        return any(item.region == name and item.what.startswith("arena") for item in self.sram)

    @property
    def peak_op(self) -> OpRow | None:
        """The op that sets the arena's peak; None if loading inputs or reading outputs does."""
        return None if self.plan.peak_op is None else self.ops[self.plan.peak_op]


def dims(shape: tuple[int, ...]) -> str:
    """``1x48x48x8``, or ``scalar``."""
    return "x".join(map(str, shape)) or "scalar"


def to_json(ledger: Ledger) -> dict[str, Json]:
    """The ledger as plain values with stable keys; all figures are predicted, in bytes."""
    return {
        "model": ledger.model,
        "board": ledger.board,
        "runtime": ledger.runtime,
        "source": "predicted",
        "flash_bytes": ledger.flash_bytes,
        "sram_bytes": ledger.sram_bytes,
        "constant_bytes": ledger.constant_bytes,
        "arena_bytes": ledger.arena_bytes,
        "arena_bound_bytes": ledger.plan.bound_bytes,
        "arena_region": str(ledger.arena_location),
        "flash": [_item(item) for item in ledger.flash],
        "sram": [_item(item) for item in ledger.sram],
        "regions": regions_to_json(ledger),
        "peak_op": ledger.plan.peak_op,
        "order": list(ledger.plan.order),
        "ops": [_row(row) for row in ledger.ops],
        "notes": list(ledger.notes),
    }


def regions_to_json(ledger: Ledger) -> Json:
    """Bytes used of each memory region and its size, by name."""
    return {r.name: {"used": ledger.region_bytes(r.name), "size": r.length} for r in ledger.regions}


def _item(item: Item) -> Json:
    return {"what": item.what, "bytes": item.nbytes, "region": item.region}


def _row(row: OpRow) -> Json:
    return {
        "op": row.index,
        "kind": row.kind,
        "output_shape": list(row.output_shape),
        "constant_bytes": row.constant_bytes,
        "scratch_bytes": row.scratch_bytes,
        "live_bytes": row.live_bytes,
    }
