"""The final build with a pool: on the first board that can, and copied from the node that has it."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import SearchConfig
from micronas.data import Task
from micronas.errors import DeviceError, FlashError, ParityError
from micronas.memory.ledger import Budget
from micronas.search.final import build as final_build
from micronas.search.final.build import FinalBuild, write_on_node
from micronas.search.pool.final_measurement import _error_as_value, on_first_usable
from micronas.store.pool import usable_first
from tests.support.nominal_dataset import NOMINAL_DATASET


def failing(error: Exception) -> Any:
    def work(board: str) -> str:
        if board != "c":
            raise error
        return board

    return work


def test_the_first_board_that_can_measures() -> None:
    assert on_first_usable(("a", "b", "c"), failing(FlashError("no reply"))) == "c"
    with pytest.raises(DeviceError, match=r"no board .*2 boards.*: a: no reply; b: no reply") as refusal:
        on_first_usable(("a", "b"), failing(DeviceError("no reply")))
    assert "--resume" in str(refusal.value.remedy)
    with pytest.raises(FlashError, match="no reply"):
        on_first_usable(("a",), failing(FlashError("no reply")))


def test_a_wrong_network_is_not_the_boards_fault() -> None:
    with pytest.raises(ParityError):
        on_first_usable(("a", "c"), failing(ParityError("3 elements differ")))


def test_an_error_leaves_a_node_as_a_value_with_its_remedy() -> None:
    error = FlashError("no reply", remedy="check it")
    returned: Any = pickle.loads(pickle.dumps(_error_as_value(failing(error), "a")))
    assert (type(returned), str(returned)) == (FlashError, "no reply\n  check it")
    assert _error_as_value(failing(error), "c") == "c"


def test_quarantined_boards_come_last() -> None:
    pool: Any = {"boards": [{"board": "a", "quarantined": "3 failures"}, {"board": "b", "quarantined": None}]}
    assert usable_first(pool, ("a", "b")) == ("b", "a")
    assert usable_first({}, ("a", "b")) == ("a", "b")


class Shared:
    def keep(self) -> None:
        """The data are on the node already."""


@pytest.mark.parametrize("task", [Task.CLASSIFY, Task.DETECT_ANOMALIES])
def test_files_of_another_machine_are_copied(
    task: Task, networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The classes of anomaly detection name no outputs."""
    dataset = SimpleNamespace(**{**vars(NOMINAL_DATASET), "task": task})
    monkeypatch.setattr(final_build, "parity_samples", lambda *_: [np.zeros((2, 1), np.int8)])
    monkeypatch.setattr(
        "micronas.search.evaluation.placement.parity_samples", lambda *_: [np.zeros((2, 1), np.int8)]
    )
    monkeypatch.setattr(final_build, "cached_dataset", lambda config: dataset)
    build = FinalBuild(
        SearchConfig(device="none"), load_board("nucleo_f446re"), Budget(512 * 1024, 128 * 1024), False
    )
    tflite = (networks / "tiny.tflite").read_bytes()
    found, contents = write_on_node(Shared(), build, tflite, "a")  # type: ignore[arg-type]
    assert {name.partition("/")[0] for name in contents} == {
        "c",
        "front_end.json",
        *(["labels.txt"] if task is Task.CLASSIFY else []),
        "model.tflite",
    }
    here = found.unpacked(contents, tmp_path / "best")
    assert Path(here.files["tflite"]).read_bytes() == tflite
    assert ("labels" in here.files) == (task is Task.CLASSIFY)
    assert task is not Task.CLASSIFY or (tmp_path / "best" / "labels.txt").read_text() == "a\nb\n"
    assert "mn_the_model" in (Path(here.files["c"]) / "mn_model.c").read_text(encoding="utf-8")
