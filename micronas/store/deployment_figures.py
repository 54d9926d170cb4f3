"""The figures of a network's build and its run; they are JSON only in the store and on stdout.

The names of the fields are the keys of the JSON; docs/reference/json.md describes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from micronas.trial import Json, Latency, latency_to_json


@dataclass(frozen=True)
class TargetFigures:
    """The device or emulator on which it ran (``micronas.device.targets``); ``text`` describes it."""

    device: str
    machine: str | None
    own_chip: bool
    own_elf: bool
    text: str


@dataclass(frozen=True)
class RunFigures:
    """Timed runs of one input: counts in order, median, interquartile range, and outliers (shown only)."""

    warm_up: int
    counts: tuple[int, ...]
    median: int | float
    iqr: int | float
    outliers: tuple[int, ...]


@dataclass(frozen=True)
class ClockFigures:
    """The core clock as the firmware set it, and by the host's time; None if that cannot be determined."""

    hz: int
    host_hz: int | float | None
    source: str
    fallback: bool


@dataclass(frozen=True)
class CounterFigures:
    """The counter from which the figures were read, ``unknown`` for old firmware, and what it counts."""

    name: str
    counts: str


@dataclass(frozen=True)
class FirmwareFigures:
    """The firmware that ran: build id, clock, compiler and flags, and the network's kernels."""

    build_id: str
    board: str
    clock_hz: int
    wait_states: int | None
    compiler: str
    flags: tuple[str, ...]
    kernels: tuple[str, ...]


@dataclass(frozen=True)
class ParityFigures:
    """How many output elements were compared with the reference, and how many differed."""

    elements: int
    mismatches: int


@dataclass(frozen=True)
class OpFigures:
    """One op: kind, output shape, count, share of the run, constants in bytes, milliseconds."""

    op: int
    kind: str
    output_shape: tuple[int, ...]
    instructions: int
    share: float
    constant_bytes: int
    ms: float


@dataclass(frozen=True)
class RegionFigures:
    """Bytes used in a memory region by the ledger and by the ELF, and the region's size."""

    predicted: int
    linked: int
    size: int


@dataclass(frozen=True)
class SramFigures:
    """Bytes by the ledger, by the ELF and by the firmware; the last is None if a proxy's firmware ran."""

    predicted: int
    linked: int
    reported: int | None


@dataclass(frozen=True)
class ConstantFigures:
    """Bytes of weights, biases and tables by the ledger and by the ELF."""

    predicted: int
    linked: int


@dataclass(frozen=True)
class FlashFigures:
    """Bytes by the ledger and by the ELF; ``code`` includes its read-only data."""

    predicted: int
    linked: int
    constants: ConstantFigures
    code: int


@dataclass(frozen=True)
class ConstantChannelBytes:
    """Bytes of weights and biases with the constant channels and without."""

    with_them: int
    without: int


@dataclass(frozen=True)
class FrontEndFigures:
    """Of the front end beside the network: predicted bytes, and the time of all raw samples of one input.

    The time is None without a device; ``not_run`` says why a device could not run it.
    """

    flash_bytes: int
    sram_bytes: int
    instructions: int | None = None
    ms: float | None = None
    source: str | None = None
    not_run: str = ""


@dataclass(frozen=True)
class DeploymentFigures:
    """The figures of one build and its run.

    Without a device, only ``constant_channels`` (if channels were removed) and ``front_end`` (if it has C)
    may have a value. ``modelled`` is the modelled latency of a search that uses it, ``not_modelled`` why
    there is none, or an empty text.
    """

    constant_channels: ConstantChannelBytes | None = None
    build_id: str | None = None
    execution_target: TargetFigures | None = None
    latency: Latency | None = None
    runs: RunFigures | None = None
    clock: ClockFigures | None = None
    counter: CounterFigures | None = None
    firmware: FirmwareFigures | None = None
    failed_attempts: tuple[str, ...] | None = None
    parity: ParityFigures | None = None
    per_op: tuple[OpFigures, ...] | None = None
    regions: Mapping[str, RegionFigures] | None = None
    sram: SramFigures | None = None
    flash: FlashFigures | None = None
    modelled: Latency | None = None
    not_modelled: str | None = None
    front_end: FrontEndFigures | None = None

    def to_json(self) -> dict[str, Json]:
        """The figures that have a value, by name; ``modelled`` also where it is None, with its reason."""
        found: dict[str, Json] = {
            name: value
            for name, value in _adapter().dump_python(self, mode="json").items()
            if value is not None
        }
        for name, latency in (("latency", self.latency), ("modelled", self.modelled)):
            if latency is not None:
                found[name] = latency_to_json(latency)
        return found if self.not_modelled is None else {"modelled": None, **found}


def deployment_figures_from_json(data: Mapping[str, Json]) -> DeploymentFigures:
    """The inverse of ``to_json``; raises ``ValueError`` that names the first figure of another form."""
    try:
        return _adapter().validate_python(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(map(str, ("deployment", *first["loc"])))
        raise ValueError(f"{path}: {first['msg']}") from error


@cache
def _adapter() -> TypeAdapter[DeploymentFigures]:
    return TypeAdapter(DeploymentFigures)
