"""Each strategy, nothing faked, tiny: a network inside the budget, bit-exact in QEMU.

On the data set that comes with the package and on one of ../shared/data (skipped where that is absent). A run
has one trial, the first that the strategy asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from micronas.config import load_config, parse_config
from micronas.memory.ledger import check, make_ledger
from micronas.model.tflite import read
from micronas.search import new_run, prepare, search
from micronas.store import Store
from micronas.strategy import STRATEGIES
from micronas.trial import Outcome, Source
from tests.support.paths import REPOSITORY
from tests.support.search_fakes import Silent

pytestmark = [pytest.mark.slow, pytest.mark.emulator]


@dataclass(frozen=True)
class Case:
    """A strategy with the space and estimator that it is tried with."""

    name: str
    space: str = "layerwise"
    estimator: str = "train"

    def __str__(self) -> str:
        return f"{self.name}-{self.space}" + (f"+{self.estimator}" if self.estimator != "train" else "")


CASES = [
    *(Case(name) for name in STRATEGIES if name != "darts"),
    Case("darts", "cell"),
    Case("dnas", "micronets"),
    Case("nsga2", "mlp"),
    Case("aging_evolution", estimator="supernet"),
    Case("random", "micronets", estimator="supernet"),
]
SECONDARY = {
    Case("darts", "cell"),
    Case("nsga2"),
    Case("reinforce"),
    Case("predictor_reward"),
    Case("dnas", "micronets"),
    Case("nsga2", "mlp"),
    Case("random", "micronets", estimator="supernet"),
    Case("local_search"),
    Case("predictor_front"),
}
"""Tried on the digits by ``make test-all`` only."""
ON_WINDOWS = {Case("random")}
"""Tried on sensor windows by ``make test`` too; the others need longer, or differ in the strategy alone."""
SHARED = {Case(name) for name in STRATEGIES} | {Case("darts", "cell"), CASES[-2]}


def configuration(case: Case, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "board": "nucleo_f446re",
        "data": data,
        "space": {"name": case.space, "max_blocks": 3, "max_width": 16},
        "strategy": {"name": case.name, "population": 2, "sample": 1, "supernet_length": 0.01},
        "estimator": {
            "name": case.estimator,
            "epochs": 1,
            "supernet": {"epochs": 1, "subnets": 4, "sample": 2},
        },
        "final_fit": {"epochs": 1},
        "constraints": {"flash_kb": 96, "sram_kb": 48},
        "reward": {"target_ms": 20},
        "budget": {"trials": 1},
        "workers": 1,
        "seed": 1,
    }


def run(case: Case, data: dict[str, Any], folder: Path) -> None:
    setup = prepare(parse_config(configuration(case, data)))
    setup = replace(setup, first=())
    with new_run(setup, folder) as store:
        final: Any = search(setup, store, Silent([])).result
    graph = read(Path(final["files"]["tflite"]))
    assert check(make_ledger(graph, setup.board), setup.budget).fits
    parity = final["deployment"]["parity"]
    assert parity["mismatches"] == 0
    outputs = 64 if case.space == "autoencoder" else setup.dataset.n_classes
    assert parity["elements"] == 32 * outputs
    assert final["scores"]["latency"]["source"] == Source.MODELLED.value
    with Store.read(folder) as store:
        (asked,) = store.records()
    assert asked.trial.origin == "strategy"
    assert asked.trial.outcome is Outcome.COMPLETE, asked.trial.reason
    details: Any = asked.details
    assert details["parity"]["mismatches"] == 0


def _marked(cases: Iterable[Case], exhaustive: Callable[[Case], bool]) -> list[Any]:
    return [
        pytest.param(case, marks=[pytest.mark.exhaustive] if exhaustive(case) else [], id=str(case))
        for case in cases
    ]


@pytest.mark.parametrize("case", _marked(CASES, lambda case: case in SECONDARY))
def test_on_the_embedded_digits(case: Case, tmp_path: Path) -> None:
    run(case, {"name": "mnist5k"}, tmp_path / "run")


def test_an_autoencoder_on_made_up_vibration(tmp_path: Path) -> None:
    run(Case("aging_evolution", "autoencoder"), {"name": "vibration"}, tmp_path / "run")


@pytest.mark.parametrize(
    "case", _marked([c for c in CASES if c in SHARED], lambda case: case not in ON_WINDOWS)
)
@pytest.mark.usefixtures("shared_data")
def test_on_sensor_windows(case: Case, tmp_path: Path) -> None:
    data = load_config(REPOSITORY / "benchmarks" / "configs" / "har_st.yaml").data
    run(case, data.model_dump(mode="json"), tmp_path / "run")
