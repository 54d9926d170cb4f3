"""Options and arguments that several verbs share, with their shell completion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_RUNS = Path("runs")


def _boards(incomplete: str) -> list[str]:
    from micronas.board import board_files

    return [name for name in board_files() if name.startswith(incomplete)]


def _configs(incomplete: str) -> list[str]:
    from micronas.config.shipped import shipped_configs

    return [config.name for config in shipped_configs() if config.name.startswith(incomplete)]


def _strategies(incomplete: str) -> list[str]:
    from micronas.strategy import STRATEGIES

    return [name for name in STRATEGIES if name.startswith(incomplete)]


def _plans(incomplete: str) -> list[str]:
    return [name for name in ("auto", "latency", "sram", "rows") if name.startswith(incomplete)]


def _runs(incomplete: str) -> list[str]:
    """Runs as paths, as completed by a shell: ``runs/mnist5k-1``."""
    from micronas.store.run_file import DATABASE

    folders = [path.parent for path in DEFAULT_RUNS.glob(f"*/{DATABASE}")]
    names = sorted([str(folder) for folder in folders] + [folder.name for folder in folders])
    return [name for name in names if name.startswith(incomplete)]


BoardOption = Annotated[
    str,
    typer.Option(metavar="BOARD", help="A board's name, or your profile's path.", autocompletion=_boards),
]
BoardOrNone = Annotated[
    str | None,
    typer.Option(metavar="BOARD", help="A board's name, or your profile's path.", autocompletion=_boards),
]
OfBoardOption = Annotated[
    str | None,
    typer.Option("--board", metavar="BOARD", help="Of a search for several boards: another than the first."),
]
BoardsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--board",
        metavar="BOARD",
        help="A board's name, or your profile's path. Repeat it to search for several boards at once.",
        autocompletion=_boards,
    ),
]
ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="int8 .tflite file, or .keras with --data.")
]
TfliteArgument = Annotated[Path, typer.Argument(metavar="MODEL", help="int8 .tflite file.")]
DataOption = Annotated[
    str | None,
    typer.Option(
        metavar="CONFIG",
        help="For a .keras MODEL: search configuration whose training data are used for its calibration.",
        autocompletion=_configs,
    ),
]
BenchDataOption = Annotated[
    str | None,
    typer.Option(
        metavar="CONFIG",
        help="Search configuration: samples of its data run on the device, and calibrate a .keras MODEL.",
        autocompletion=_configs,
    ),
]
PreferOption = Annotated[
    str,
    typer.Option(
        metavar="PLAN",
        help="Memory plan. auto: the fastest that fits; latency: the fastest op by op; sram: the smallest "
        "arena op by op; rows: smaller and mostly slower, row by row.",
        autocompletion=_plans,
    ),
]
DEFAULT_PREFER = "auto"
RemoveConstantChannels = Annotated[
    bool, typer.Option(help="Remove channels that no input can change; outputs stay the same.")
]
FromBoardOption = Annotated[
    str, typer.Option("--from", metavar="BOARD", help="The most similar board.", autocompletion=_boards)
]
BoardArgument = Annotated[
    str, typer.Argument(metavar="BOARD", help="A board's name, or a path.", autocompletion=_boards)
]
ConfigArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG",
        help="Search configuration: a YAML file, or a shipped one's name.",
        autocompletion=_configs,
    ),
]
StrategyOption = Annotated[
    str | None, typer.Option(help="Overrides strategy.name.", autocompletion=_strategies)
]
RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run's folder, or its name below runs/.", autocompletion=_runs)
]
ResumeOption = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Resume a run: its folder or name.", autocompletion=_runs),
]


def run_folder(run: Path, runs: Path = DEFAULT_RUNS) -> Path:
    """A folder as given, or a name below ``runs``."""
    return run if run.exists() or len(run.parts) > 1 else runs / run
