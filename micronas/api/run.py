"""A finished or interrupted run, as Python objects."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from micronas.errors import SearchError, ToolMissingError
from micronas.report.run_data import read_run
from micronas.store import Record, Store
from micronas.store.board_results import board_folder
from micronas.store.final_figures import FinalFigures, figures_from_json, files_in
from micronas.store.other_boards import BOARDS, board_names, records_for, require_board
from micronas.strategy.pareto import non_dominated
from micronas.trial import Json, object_at

LARGER_IS_BETTER = ("quality", "quality_float", "reward")


@dataclass(frozen=True)
class TrialFigures:
    """One trial. ``quality`` (0..1) is the int8 network's on validation data, see ``Run.figure``.

    Figures are None if the trial ended without them. ``latency_source``: predicted,
    emulated, modelled or measured.
    """

    number: int
    outcome: str
    quality: float | None
    quality_float: float | None
    latency_ms: float | None
    latency_source: str | None
    flash_bytes: int | None
    sram_bytes: int | None
    macs: int | None
    parameters: int | None
    reward: float | None
    reason: str
    arch: Json


@dataclass(frozen=True)
class Network:
    """The network that a run reports. ``test_quality`` is that of the sealed test split.

    ``files`` are paths: ``tflite``, ``keras``, ``labels``, ``c`` (a folder); with a device ``elf``, ``map``.
    """

    trial: int
    quality: float
    test_quality: float
    latency_ms: float | None
    latency_source: str | None
    flash_bytes: int
    sram_bytes: int
    files: dict[str, Path]

    @property
    def model(self) -> Any:
        """The float Keras model with its trained weights, loaded now."""
        if "keras" not in self.files:
            raise SearchError(
                "this run has no Keras model", remedy="search again with this version, which keeps it"
            )
        from micronas.quantize.keras_model import load_keras

        return load_keras(self.files["keras"])


class Run:
    """A run folder. Its contents are read on access, so an unfinished run can be inspected.

    ``board`` is one of a search for several boards, whose figures it has; None: the first.
    """

    def __init__(self, folder: str | Path, board: str | None = None) -> None:
        self.folder = Path(folder)
        self.board = board

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def figure(self) -> str:
        """The meaning of ``quality``: accuracy, AUC, or the name of the user's metric."""
        with Store.read(self.folder) as store:
            return read_run(store).figure

    @property
    def trials(self) -> Any:
        """All trials: a pandas DataFrame if pandas is installed, otherwise a list of ``TrialFigures``."""
        return _table(self._trials())

    @property
    def best(self) -> Network:
        """The reported network; raises ``SearchError`` if the run has none yet."""
        with Store.read(self.folder) as store:
            final, names = store.final(), board_names(store)
        if final is None:
            raise SearchError(
                f"run {self.folder.name} has no result yet",
                remedy="continue it with micronas.search(resume=run)",
            )
        if self.board is None or self.board == names[0]:
            return network_of(figures_from_json(final.result), self.folder / "best")
        result = object_at(final.result, BOARDS, self.board)
        if not result:
            raise SearchError(
                f"run {self.folder.name} reports no network for board {self.board}",
                remedy="none was within its limits: raise its constraints, or search longer",
            )
        return network_of(figures_from_json(result), board_folder(self.folder, self.board))

    def front(self, *figures: str) -> Any:
        """The trials on the Pareto front of ``figures``, sorted by the last one, in the form of ``trials``.

        The default is quality and latency, or flash if nothing ran. The run's figure of merit can be given by
        its name, for example ``accuracy``. Figure of merit, ``quality_float`` and ``reward`` are maximised,
        all others minimised.
        """
        return _table(self._front(figures))

    def plot_front(self, *figures: str) -> Any:
        """Draw all trials and the front; returns matplotlib's axes, or raises ``ToolMissingError``."""
        if importlib.util.find_spec("matplotlib") is None:
            raise ToolMissingError(
                "plot_front needs matplotlib, which is not installed", remedy="pip install matplotlib"
            )
        import matplotlib.pyplot as plt

        y, x = self._names(figures)[:2]
        shown, front = self._with((x, y)), self._front(figures)
        _, axes = plt.subplots()
        axes.scatter(
            [getattr(t, x) for t in shown], [getattr(t, y) for t in shown], color="0.7", label="trials"
        )
        axes.plot([getattr(t, x) for t in front], [getattr(t, y) for t in front], "o-", label="Pareto front")
        source = {t.latency_source for t in shown} if x == "latency_ms" else set()
        axes.set_xlabel(f"{x} ({', '.join(sorted(s for s in source if s))})" if source else x)
        axes.set_ylabel(self.figure if y == "quality" else y)
        axes.legend()
        return axes

    def _trials(self) -> list[TrialFigures]:
        with Store.read(self.folder) as store:
            return [figures_of(record) for record in records_for(store, self.board)]

    def _names(self, figures: Sequence[str]) -> tuple[str, ...]:
        """The fields of ``TrialFigures`` with these names; raises ``SearchError`` for another name."""
        if not figures:
            ran = any(trial.latency_ms is not None for trial in self._trials())
            return ("quality", "latency_ms" if ran else "flash_bytes")
        known = [
            name for name, kind in TrialFigures.__annotations__.items() if "float" in kind or "int |" in kind
        ]
        names = tuple("quality" if name == self.figure else name for name in figures)
        if len(names) < 2 or not set(names) <= set(known):
            raise SearchError(
                f"no front can be drawn of {', '.join(figures)}",
                remedy=f"name two or more of {', '.join(known)}",
            )
        return names

    def _with(self, names: Sequence[str]) -> list[TrialFigures]:
        trials = [trial for trial in self._trials() if trial.outcome == "COMPLETE"]
        return [trial for trial in trials if all(getattr(trial, name) is not None for name in names)]

    def _front(self, figures: Sequence[str]) -> list[TrialFigures]:
        names = self._names(figures)
        shown = self._with(names)
        if not shown:
            return []
        signs = [-1.0 if name in LARGER_IS_BETTER else 1.0 for name in names]
        costs = np.array([[s * getattr(t, n) for s, n in zip(signs, names, strict=True)] for t in shown])
        return [shown[i] for i in sorted(non_dominated(costs), key=lambda i: costs[i, -1])]


def open_run(folder: str | Path, board: str | None = None) -> Run:
    """The run in ``folder``, or with this name below ``runs/``; raises ``StoreError`` if there is none.

    ``board`` is one of a search for several boards; None: the first. Raises ``SearchError`` for another.
    """
    run = Run(folder_of(folder), board)
    with Store.read(run.folder) as store:
        require_board(store, board)
    return run


def folder_of(run: str | Path | Run) -> Path:
    """The folder of a run that is given as a path, or as a name below ``runs/``."""
    if isinstance(run, Run):
        return run.folder
    path = Path(run)
    return path if path.exists() or len(path.parts) > 1 else Path("runs") / path


def figures_of(record: Record) -> TrialFigures:
    """The figures of a stored trial."""
    trial, scores = record.trial, record.trial.scores
    latency = scores.latency if scores else None
    return TrialFigures(
        number=trial.number,
        outcome=trial.outcome.value,
        quality=scores.quality_int8 if scores else None,
        quality_float=scores.quality_float if scores else None,
        latency_ms=latency.ms if latency else None,
        latency_source=latency.source.value if latency else None,
        flash_bytes=scores.flash_bytes if scores else None,
        sram_bytes=scores.sram_bytes if scores else None,
        macs=scores.macs if scores else None,
        parameters=scores.parameters if scores else None,
        reward=scores.reward if scores else None,
        reason=trial.reason,
        arch=trial.arch,
    )


def _table(trials: Sequence[TrialFigures]) -> Any:
    if importlib.util.find_spec("pandas") is None:
        return list(trials)
    import pandas

    columns = list(TrialFigures.__annotations__)
    return pandas.DataFrame([asdict(trial) for trial in trials], columns=columns)


def network_of(figures: FinalFigures, folder: Path) -> Network:
    """The network with these figures; its files are looked for in ``folder``, wherever that was moved to."""
    scores, latency = figures.scores, figures.scores.latency
    return Network(
        trial=figures.trial,
        quality=scores.quality_int8,
        test_quality=figures.test_quality_int8,
        latency_ms=latency.ms if latency else None,
        latency_source=latency.source.value if latency else None,
        flash_bytes=scores.flash_bytes,
        sram_bytes=scores.sram_bytes,
        files={name: Path(path) for name, path in files_in(folder, figures.files).items()},
    )
