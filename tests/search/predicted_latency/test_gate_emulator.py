"""The latency budget before training, nothing faked: what a search refused is built after all: too slow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from micronas.deploy.deployment import deploy, random_samples
from micronas.device.targets import Qemu
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import prefer_of_search
from micronas.model.net import shape_graph
from micronas.search.predicted_latency.gate import UNTRAINED
from micronas.search.predicted_latency.prediction import PROFILE
from micronas.space import make_space
from micronas.space.reference.random_weights import random_weights
from micronas.store import Record, Store
from micronas.store.stored_setup import stored_board, stored_config
from micronas.trial import PREDICTION_STAGE

LIMIT_MS = 0.40
MAX_ERROR = 0.2
"""The gate may use the corrected timing model, whose bar is this wide: instructions are not its cycles."""
CONFIG = f"""
board: nucleo_f446re
data: {{name: digits}}
space: {{max_blocks: 2, max_width: 12, kernels: [3], expansions: [2]}}
strategy: {{name: random}}
estimator: {{epochs: 1}}
final_fit: {{epochs: 1}}
constraints: {{latency_ms: {LIMIT_MS}}}
latency: {{model: true, measure_every: 3, max_error: {MAX_ERROR}, min_networks: 4}}
budget: {{trials: 26}}
workers: 1
max_equal_failures: 26
"""


def emulated_ms(record: Record, store: Store, folder: Path) -> float:
    """The architecture with weights made up, by the plan of a search, built and run."""
    config, board = stored_config(store), stored_board(store)
    space = make_space(config.space, (8, 8, 1), 10)
    graph = random_weights(shape_graph(space.net(space.from_json(record.trial.arch))), 7)
    samples = random_samples(graph, 1, 0)
    device, cache = Qemu(), folder / "cache"
    ledger = make_ledger(graph, board, prefer=prefer_of_search(config.prefer))
    deployed = deploy(
        graph, board, samples, device=device, workdir=folder / "w", cache_dir=cache, runs=1, ledger=ledger
    )
    return deployed.measurement.latency.ms


@pytest.mark.exhaustive
@pytest.mark.emulator
def test_what_is_refused_before_training_is_too_slow_in_the_emulator(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "micronas", "search", "slow.yaml", "--run", "r", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    predictions = json.loads(done.stdout)["latency_predictions"]
    with Store.read(tmp_path / "runs" / "r") as store:
        records = store.records()
        refused = [r for r in records if r.trial.stage == PREDICTION_STAGE]
        assert predictions["refused_untrained"] == len(refused) >= 2
        assert all("curve" not in r.details for r in refused)
        assert f"{len(refused)} refused before training" in done.stderr
        measured = [r for r in records if UNTRAINED in r.details and PROFILE in r.details]
        assert predictions["let_through"] == predictions["let_through_over"] == len(measured) >= 1
        for record in measured:
            said: Any = record.details[UNTRAINED]
            found: Any = record.details["latency"]
            assert said["ms"] == pytest.approx(found["ms"], rel=MAX_ERROR)
        ms = emulated_ms(refused[0], store, tmp_path)
        said = refused[0].details[UNTRAINED]
        print(f"refused at {said['ms']:.3f} ms by prediction, {ms:.3f} ms emulated with random weights")
        assert ms > LIMIT_MS
        assert said["ms"] == pytest.approx(ms, rel=MAX_ERROR)
