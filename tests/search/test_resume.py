"""A resumed run: the same configuration and data as before, or a message; more trials on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.config import parse_config
from micronas.errors import ConfigError, StoreError
from micronas.search import new_run, prepare, stored_setup
from micronas.search.resume import CONFIG_FILE, Extension, config_text
from micronas.store import Final, Store
from micronas.store.changes import CHANGES, changes_text
from micronas.trial import object_at

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(-1, 1, (80, 32, 3)).astype(np.float32), np.arange(80) % 2


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run on 80 streams that has not trained anything."""
    np.savez(tmp_path / "own.npz", x=X, y=Y)
    config = parse_config(
        {
            "board": "nucleo_f446re",
            "device": "none",
            "data": {"name": "npz", "path": str(tmp_path / "own.npz"), "options": {"kind": "stream"}},
            "budget": {"trials": 4},
        }
    )
    with new_run(prepare(config), tmp_path / "run"):
        pass
    return tmp_path / "run"


def resumed(folder: Path, **extension: Any) -> Store:
    with Store.resume(folder) as store:
        stored_setup(store, Extension(**extension))
        return store


def test_the_same_data_and_configuration_are_resumed(run: Path) -> None:
    resumed(run)
    with Store.read(run) as store:
        assert store.optional_fact(CHANGES) is None
        assert changes_text(store) == []


@pytest.mark.parametrize("what", ["sample", "label", "order"])
def test_changed_data_are_refused_or_accepted_and_recorded(run: Path, what: str) -> None:
    x, y = X.copy(), Y.copy()
    if what == "sample":
        x[7, 3, 1] += 1e-6
    elif what == "label":
        y[7] = 1 - y[7]
    else:
        x[[0, 2]] = x[[2, 0]]
    np.savez(run.parent / "own.npz", x=x, y=y)
    with pytest.raises(StoreError, match="data of run run have changed") as refusal:
        resumed(run)
    assert "--accept-changed-data" in str(refusal.value)
    resumed(run, accept_changed_data=True)
    resumed(run)  # accepted once
    with Store.read(run) as store:
        (line,) = changes_text(store)
    assert "the data changed after 0 trials and were accepted" in line


def test_an_edited_configuration_is_noticed(run: Path) -> None:
    path = run / CONFIG_FILE
    text = path.read_text()
    path.write_text(text + "estimator: {epochs: 20}\n")
    with pytest.raises(StoreError, match=r"estimator\.epochs 8 -> 20"):
        resumed(run)
    path.write_text(text + "estimator: {epoch: 20}\n")
    with pytest.raises(StoreError, match=r"unknown key 'estimator\.epoch'.*edited after the run began"):
        resumed(run)
    path.write_text("# a comment changes nothing\n" + text)
    resumed(run)
    path.unlink()
    resumed(run)


def test_a_run_on_ray_resumes_at_another_address_and_a_local_one_does_not(run: Path) -> None:
    with pytest.raises(ConfigError, match=r"--ray 192\.0\.2\.7:1: run run runs its trials on this machine"):
        resumed(run, ray_address="192.0.2.7:1")
    with Store.resume(run) as store:
        config = {**object_at(store.fact("config")), "executor": "ray", "workers": 2}
        store.amend({"config": config})
    (run / CONFIG_FILE).write_text(config_text(parse_config(config)))
    resumed(run, ray_address="192.0.2.7:1")
    with Store.resume(run) as store:  # the address stays, and config.yaml says the same
        assert stored_setup(store).config.ray_address == "192.0.2.7:1"


def test_more_trials_extend_a_run_and_a_result_gives_way(run: Path) -> None:
    with Store.resume(run) as store:
        store.begin_session()
        store.set_final(Final({"trial": 3}, b"network"))
    with Store.resume(run) as store:
        setup = stored_setup(store, Extension(trials=9))
        assert setup.config.budget.trials == 9
        assert store.final() is None
        assert store.optional_fact("earlier_results") == [{"trial": 3}]
    with Store.resume(run) as store:  # the larger budget stays, and config.yaml says so
        assert stored_setup(store).config.budget.trials == 9
        assert changes_text(store) == ["the budget was extended after 0 trials: 4 trials -> 9 trials"]
    assert "trials: 9" in (run / CONFIG_FILE).read_text()


def test_more_minutes_extend_a_run(run: Path) -> None:
    with Store.resume(run) as store:
        config = {**object_at(store.fact("config")), "budget": {"minutes": 2.0}}
        store.amend({"config": config})
    (run / CONFIG_FILE).write_text(config_text(parse_config(config)))
    with Store.resume(run) as store:
        assert stored_setup(store, Extension(minutes=5.0)).config.budget.minutes == 5.0
        assert "2 minutes -> 5 minutes" in changes_text(store)[0]


@pytest.mark.parametrize(
    ("extension", "words"),
    [
        ({"trials": 4}, "the run has 4 already"),
        ({"minutes": 9.0}, "the run's budget has no limit of minutes"),
    ],
)
def test_a_budget_that_is_not_larger_is_refused(run: Path, extension: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        resumed(run, **extension)
