"""micronas: find, build, flash and measure int8 networks for STM32 microcontrollers.

    import micronas as mn

    run = mn.search("mnist5k", board="nucleo_f446re", budget=mn.Budget(minutes=3))

This package imports nothing at the top so that ``import micronas`` stays instant; each name of the API is
imported from ``micronas.api`` when it is first used. Each stage of the pipeline is a package of its own
(ARCHITECTURE.md shows the order).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from micronas.api.arrays import from_arrays as from_arrays
    from micronas.api.bench import Bench as Bench
    from micronas.api.bench import bench as bench
    from micronas.api.budget import Budget as Budget
    from micronas.api.check import Check as Check
    from micronas.api.check import check as check
    from micronas.api.convert import convert as convert
    from micronas.api.export import export as export
    from micronas.api.fine_tune import fine_tune as fine_tune
    from micronas.api.flash import flash as flash
    from micronas.api.pick import pick as pick
    from micronas.api.run import Network as Network
    from micronas.api.run import Run as Run
    from micronas.api.run import TrialFigures as TrialFigures
    from micronas.api.run import open_run as open_run
    from micronas.board import Board as Board
    from micronas.board import load_board as load_board
    from micronas.config import DataConfig as DataConfig
    from micronas.config import SearchConfig as SearchConfig
    from micronas.data import DataKind as DataKind
    from micronas.data import FrontEnd as FrontEnd
    from micronas.data import Samples as Samples
    from micronas.data import Task as Task
    from micronas.device.flash import Flashed as Flashed
    from micronas.errors import MicronasError as MicronasError
    from micronas.estimate.candidate import Candidate as Candidate
    from micronas.estimate.full import Estimate as Estimate
    from micronas.quantize.keras_model import Converted as Converted

__version__ = "0.1.0"

_API = {
    "Bench": "api.bench",
    "Board": "board",
    "Budget": "api.budget",
    "Candidate": "estimate.candidate",
    "Check": "api.check",
    "Converted": "quantize.keras_model",
    "DataConfig": "config",
    "DataKind": "data",
    "Estimate": "estimate.full",
    "Flashed": "device.flash",
    "FrontEnd": "data",
    "MicronasError": "errors",
    "Network": "api.run",
    "Run": "api.run",
    "Samples": "data",
    "SearchConfig": "config",
    "Task": "data",
    "TrialFigures": "api.run",
    "bench": "api.bench",
    "check": "api.check",
    "convert": "api.convert",
    "export": "api.export",
    "fine_tune": "api.fine_tune",
    "flash": "api.flash",
    "from_arrays": "api.arrays",
    "load_board": "board",
    "open_run": "api.run",
    "pick": "api.pick",
}
"""Name -> the module below ``micronas`` that defines it."""

_CALLED_PACKAGES = ("search",)
"""Packages of the pipeline that are also verbs of the API; ``host.verb`` makes them callable."""

__all__ = [
    "Bench",
    "Board",
    "Budget",
    "Candidate",
    "Check",
    "Converted",
    "DataConfig",
    "DataKind",
    "Estimate",
    "Flashed",
    "FrontEnd",
    "MicronasError",
    "Network",
    "Run",
    "Samples",
    "SearchConfig",
    "Task",
    "TrialFigures",
    "bench",
    "check",
    "convert",
    "export",
    "fine_tune",
    "flash",
    "from_arrays",
    "load_board",
    "open_run",
    "pick",
    "search",
]


def __getattr__(name: str) -> Any:
    """A name of the API, imported now."""
    from importlib import import_module

    if name in _CALLED_PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name in _API:
        return getattr(import_module(f"{__name__}.{_API[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
