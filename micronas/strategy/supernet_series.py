"""The supernets of a run: each serves ``draws`` consecutive asks and is stored in the run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from micronas.train.checkpoint import load_arrays


class HasCost(Protocol):
    """The result of training a supernet."""

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the training."""
        ...


Trained = TypeVar("Trained", bound=HasCost)


@dataclass(frozen=True, eq=False)
class SupernetStore:
    """The storage of a run's supernets, and the run's callbacks.

    With ``folder`` None they are only in memory. ``affords`` decides whether a training of the given CPU
    seconds fits into the remaining time, ``trained`` is called after each, and ``phase`` shows it to the
    user.
    """

    folder: Path | None = None
    affords: Callable[[float], bool] = lambda cpu_s: True
    trained: Callable[[], None] = lambda: None
    phase: Callable[[str], None] = lambda text: None


@dataclass(frozen=True)
class Series:
    """Asks in blocks of ``draws``, starting at ask ``first_ask``."""

    first_ask: int
    draws: int

    def first_of(self, number: int) -> int:
        """The first ask of the block of ask ``number``."""
        return number - (number - self.first_ask) % self.draws


class Supernets(Generic[Trained]):
    """The supernets of a run, each identified by the first ask that it serves.

    ``train`` trains the supernet of a first ask; it must depend only on that number and the reported trials.
    ``load`` and ``save`` read and write its file.
    """

    def __init__(
        self,
        name: str,
        series: Series,
        store: SupernetStore,
        *,
        train: Callable[[int], Trained],
        load: Callable[[Path, int], Trained | None],
        save: Callable[[Trained, Path], None],
    ) -> None:
        self._name, self._series, self._store = name, series, store
        self._train, self._load, self._save = train, load, save
        self._known: dict[int, Trained] = {}

    def serving(self, number: int) -> tuple[int, Trained]:
        """The supernet of ask ``number`` and the first ask that it serves; trained now if needed.

        If the remaining time is too short for another one, the previous one continues to serve.
        """
        first = self._series.first_of(number)
        if (found := self._find(first)) is not None:
            return first, found
        before = self._latest_before(first)
        if before is not None and not self._store.affords(before[1].cpu_s):
            return before
        self._store.phase(f"{self._name}: training a supernet for trials from {first} on")
        trained = self._train(first)
        if self._store.folder is not None:
            self._save(trained, supernet_file(self._store.folder, self._name, first))
        self._store.trained()
        self._known[first] = trained
        return first, trained

    def _find(self, first: int) -> Trained | None:
        if first not in self._known and self._store.folder is not None:
            path = supernet_file(self._store.folder, self._name, first)
            if (loaded := self._load(path, first)) is not None:
                self._known[first] = loaded
        return self._known.get(first)

    def _latest_before(self, first: int) -> tuple[int, Trained] | None:
        earlier = range(first - self._series.draws, self._series.first_ask - 1, -self._series.draws)
        return next(((n, found) for n in earlier if (found := self._find(n)) is not None), None)


def supernet_file(folder: Path, name: str, first: int) -> Path:
    """The file of the supernet whose first ask was ``first``."""
    return folder / f"{name}-{first}.npz"


def supernets_cpu_s(folder: Path, names: Iterable[str], after: int) -> float:
    """CPU seconds of the trainings in ``folder`` for first asks after ``after``.

    A run that was killed before the first trial of a supernet has spent that time nevertheless.
    """
    paths = (path for name in names for path in folder.glob(f"{name}-*.npz"))
    unused = (path for path in paths if int(path.stem.rpartition("-")[2]) > after)
    return sum(load_arrays(path, lambda arrays: float(arrays["cpu_s"])) or 0.0 for path in unused)
