"""One supernet for several asks: which serves which, what a killed run keeps of it, and what is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from micronas.errors import StoreError
from micronas.space.cell import EdgeOp
from micronas.space.cell.canonical import is_sound
from micronas.strategy.darts.checkpoint import load_cells, save_cells
from micronas.strategy.darts.discretise import cell_of, drawn_cell
from micronas.strategy.darts.edges import OPS, CellEdges, EdgeWeights
from micronas.strategy.supernet_series import Series, Supernets, SupernetStore, supernet_file, supernets_cpu_s
from tests.support import killable_search
from tests.support.killable_search import trials_of


@dataclass(frozen=True)
class Toy:
    first: int
    cpu_s: float = 10.0


class Toys:
    """A series of supernets that only know their number; ``trained`` and ``loaded`` are the calls."""

    def __init__(self, draws: int, store: SupernetStore, first_ask: int = 3) -> None:
        self.trained: list[int] = []
        self.loaded: list[int] = []
        self.supernets = Supernets[Toy](
            "toy", Series(first_ask, draws), store, train=self.train, load=self.load, save=self.save
        )

    def train(self, first: int) -> Toy:
        self.trained.append(first)
        return Toy(first)

    def load(self, path: Path, first: int) -> Toy | None:
        if not path.exists():
            return None
        self.loaded.append(first)
        return Toy(int(path.read_text()))

    def save(self, toy: Toy, path: Path) -> None:
        path.write_text(str(toy.first))

    def serving(self, *numbers: int) -> list[int]:
        found = [self.supernets.serving(number) for number in numbers]
        assert all(first == toy.first for first, toy in found)
        return [first for first, _ in found]


def test_blocks_begin_with_the_first_ask_after_the_baseline_trials() -> None:
    toys = Toys(4, SupernetStore())
    assert toys.serving(*range(3, 12)) == [3, 3, 3, 3, 7, 7, 7, 7, 11]
    assert toys.trained == [3, 7, 11]


def test_a_resumed_run_finds_its_supernets_whatever_ask_comes_first(tmp_path: Path) -> None:
    Toys(4, SupernetStore(tmp_path)).serving(3, 7)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy-3.npz", "toy-7.npz"]
    resumed = Toys(4, SupernetStore(tmp_path))
    assert resumed.serving(9, 5, 10, 6) == [7, 3, 7, 3]
    assert (resumed.trained, resumed.loaded) == ([], [7, 3])


def test_the_last_supernet_goes_on_serving_when_time_is_short(tmp_path: Path) -> None:
    left_s = [25.0]
    toys = Toys(2, SupernetStore(tmp_path, affords=lambda cpu_s: cpu_s <= left_s[0]))
    assert toys.serving(3, 5) == [3, 5]
    left_s[0] = 9.0
    assert toys.serving(7, 8, 10) == [5, 5, 5]
    resumed = Toys(2, SupernetStore(tmp_path, affords=lambda cpu_s: False))
    assert resumed.serving(9) == [5]
    assert resumed.trained == []
    assert Toys(2, SupernetStore(affords=lambda cpu_s: False)).serving(3) == [
        3
    ]  # a first one is always trained


def test_the_run_hears_of_every_training() -> None:
    done: list[str] = []
    store = SupernetStore(trained=lambda: done.append("trained"), phase=done.append)
    Toys(2, store).serving(3, 4, 5)
    assert done == [
        "toy: training a supernet for trials from 3 on",
        "trained",
        "toy: training a supernet for trials from 5 on",
        "trained",
    ]


@pytest.fixture(scope="module", params=["dnas", "darts"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp(request.param) / "whole"
    killable_search.run(request.param, folder)
    return request.param, folder


def test_one_supernet_serves_several_distinct_trials(whole: tuple[str, Path]) -> None:
    name, folder = whole
    asked = range(killable_search.HAND_MADE, killable_search.TRIALS, killable_search.DRAWS)
    files = {supernet_file(folder, name, first) for first in asked}
    assert set(folder.glob("*.npz")) == files
    keys = [trial.key for trial in trials_of(folder)]
    assert len(set(keys)) == len(keys) == killable_search.TRIALS


def test_lost_files_cost_time_only(
    whole: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, folder = whole
    with monkeypatch.context() as short:
        short.setattr(killable_search, "TRIALS", 6)
        killable_search.run(name, tmp_path / "cut")
    for path in (tmp_path / "cut").glob("*.npz"):
        path.unlink()
    killable_search.run(name, tmp_path / "cut")
    assert trials_of(tmp_path / "cut") == trials_of(folder)


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_file_is_named_with_a_remedy(
    whole: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    name, _ = whole
    with monkeypatch.context() as short:
        short.setattr(killable_search, "TRIALS", 6)
        killable_search.run(name, tmp_path / "run")
    path = supernet_file(tmp_path / "run", name, 5)
    match damage:
        case "cut":
            path.write_bytes(path.read_bytes()[:200])
        case "empty":
            path.write_bytes(b"")
        case "other":
            np.savez(path, sizes=np.array([2, 2]), normal_ops=np.ones((2, 2)), normal_edges=np.ones(2))
    with pytest.raises(StoreError, match=path.name) as caught:
        killable_search.run(name, tmp_path / "run")
    assert "remove the file" in (caught.value.remedy or "")


def test_cells_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    found = killable_search.guessed_cells(3, seed=1)
    save_cells(found, tmp_path / "cells.npz")
    again = load_cells(tmp_path / "cells.npz", 3)
    assert again is not None
    assert (again.normal, again.reduction) == (found.normal, found.reduction)
    for old, new in zip(found.weights, again.weights, strict=True):
        np.testing.assert_array_equal(old.ops, new.ops)
        np.testing.assert_array_equal(old.edges, new.edges)
    assert load_cells(tmp_path / "none.npz", 3) is None


def test_a_supernet_without_a_trial_counts_as_paid_for(tmp_path: Path) -> None:
    cells = killable_search.guessed_cells(2, seed=1)
    for first, cpu_s in ((3, 7.0), (11, 20.0)):
        save_cells(replace(cells, cpu_s=cpu_s), supernet_file(tmp_path, "darts", first))
    for last, expected in ((-1, 27.0), (10, 20.0), (11, 0.0)):
        assert supernets_cpu_s(tmp_path, ("dnas", "darts"), after=last) == expected


def test_cells_are_drawn_by_their_weights() -> None:
    nodes, edges = 2, CellEdges(2)
    ops = np.full((len(edges.all), len(OPS)), 0.02, np.float32)
    ops[:, OPS.index(EdgeOp.CONV_3X3)] = 0.3
    ops[:, OPS.index(EdgeOp.NONE)] = 0.6
    weights = EdgeWeights(ops / ops.sum(1, keepdims=True), np.full(len(edges.all), 0.5, np.float32))
    rng = np.random.default_rng(0)
    cells = [drawn_cell(weights, nodes, rng, reduces=False) for _ in range(200)]
    assert len(set(cells)) > 20
    assert all(is_sound(cell) for cell in cells)
    drawn = [edge.op for cell in cells for node in cell.nodes for edge in (node.left, node.right)]
    assert EdgeOp.NONE not in drawn
    expected = 0.3 / (0.3 + 0.02 * (len(OPS) - 2))
    assert np.mean([op is EdgeOp.CONV_3X3 for op in drawn]) == pytest.approx(expected, abs=0.08)
    sure = EdgeWeights((ops > 0.2) * np.float32(0.5), weights.edges)
    assert drawn_cell(sure, 1, rng, reduces=False) == cell_of(sure, 1, reduces=False)
