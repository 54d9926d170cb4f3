"""One exception root and a subclass per stage.

A message says what is wrong, where, the actual value against its limit, and what to do next. The command line
prints it without a traceback and exits with code 2. Any exception that is not a ``MicronasError`` is a bug in
micronas and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class MicronasError(Exception):
    """Root of every error that micronas raises on purpose.

    ``remedy`` is the next step for the user, kept separate so that a caller can show it on its own line.
    ``settings`` are the keys of a configuration that the remedy sets, by their dotted names: ``data.path``,
    or ``data.options.skip_bad=true`` if only one value helps. Alternatives to them are in the remedy alone.
    """

    stage = "micronas"
    exit_code = 2

    def __init__(self, message: str, *, remedy: str | None = None, settings: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.settings = tuple(settings)

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes return their failures by pickle; the default form would lose the remedy.
        return _rebuild, (type(self), self.message, self.remedy, self.__dict__)


def _rebuild(
    cls: type[MicronasError], message: str, remedy: str | None, state: dict[str, object]
) -> MicronasError:
    error = cls.__new__(cls)
    MicronasError.__init__(error, message, remedy=remedy)
    error.__dict__.update(state)
    return error


class InstallError(MicronasError):
    """The installation is incomplete: data files of micronas are missing."""

    stage = "install"


class BoardError(MicronasError):
    """A board profile is unknown, malformed or contradicts itself."""

    stage = "board"


class ConfigError(MicronasError):
    """A search configuration has an unknown key or a value out of range."""

    stage = "config"


class ModelError(MicronasError):
    """A .tflite file was refused: not a model, not int8 throughout, damaged, or an op is missing."""

    stage = "model"


class BudgetError(MicronasError):
    """A network, or every network of a space, exceeds a flash, SRAM or latency budget."""

    stage = "budget"


class SpaceError(MicronasError):
    """An architecture does not belong to its search space."""

    stage = "space"


class DataError(MicronasError):
    """A data set is missing, damaged or unsuitable (shapes, classes, calibration samples)."""

    stage = "data"


class TrainError(MicronasError):
    """Training ended without a usable network (NaN loss, out of time before one epoch)."""

    stage = "train"


class QuantizeError(MicronasError):
    """The conversion did not produce an int8 network, or its scales are implausible."""

    stage = "quantize"


class BuildError(MicronasError):
    """The firmware did not compile or link."""

    stage = "build"


class MachineError(MicronasError):
    """The machine failed and not the network: a full disk, or a worker that cannot start.

    A search stops at it and does not store the trial; see ``host.machine_fault``.
    """

    stage = "machine"


class ToolMissingError(BuildError):
    """A program that a stage needs is not on PATH; the remedy says how to install it."""

    stage = "tools"


class DeviceError(MicronasError):
    """A board or emulator could not be started, reached or trusted."""

    stage = "device"


class EmulatorEndedError(DeviceError, MachineError):
    """An emulator ended by itself, or did not start: that says nothing about the network."""


class BoardLostError(DeviceError):
    """The port disappeared, or the board was reset during a measurement; a retry may succeed."""


class DeadlineError(DeviceError):
    """No reply arrived within the deadline."""


class ProtocolError(DeviceError):
    """A reply arrived but failed verification (CRC, nonce, version, build id)."""


class FlashError(MicronasError):
    """An upload failed, or the board did not come back with the right build id."""

    stage = "flash"


class WriterUnclearError(FlashError):
    """It is not certain which device would be written, and a retry would not change that."""


class ParityError(MicronasError):
    """Device and reference disagree; the message names the first op and element that differ."""

    stage = "parity"


class RewardError(MicronasError):
    """A figure from which no reward can be computed (NaN, zero or negative latency)."""

    stage = "reward"


class StoreError(MicronasError):
    """A run folder is unwritable, locked by another search, or damaged."""

    stage = "store"


class SearchError(MicronasError):
    """The search as a whole cannot continue (nothing feasible, or N equal failures in a row)."""

    stage = "search"


def plural(number: float, one: str, many: str | None = None) -> str:
    """``plural(1, "class", "classes")`` -> ``1 class``; without ``many``, the plural is ``one`` plus "s"."""
    digits = f"{number:,}" if number != int(number) else f"{int(number):,}"
    return f"{digits} {one if number == 1 else many or one + 's'}"


def kb(nbytes: int) -> str:
    """Bytes as text: KB of 1,024 bytes with one decimal."""
    return f"{nbytes / 1024:.1f} KB"


def percent(share: float) -> str:
    """A fraction as a percentage with one decimal."""
    return f"{100 * share:.1f} %"
