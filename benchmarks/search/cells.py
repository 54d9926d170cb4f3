"""The cells of the benchmark, and how each is run: ``python -m benchmarks.search.cells CELL FOLDER``."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
CPU_MINUTES, FINAL_SHARE = 2.0, 0.35
"""Of a cell, and the share of it for the final training of a search's winner."""

TASKS = {"motion": "har_st.yaml", "photos": "photos.yaml", "keywords": "kws_gsc12.yaml"}
SEARCHES = {"default": "aging_evolution", "random": "random", "predictor_reward": "predictor_reward"}
BY_HAND = {"by_hand": 0, "by_hand_2": 1}
"""Entry -> which of the initial baseline networks gets all of the CPU time."""

ENTRIES = (*SEARCHES, *BY_HAND)
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Cell:
    """One run."""

    task: str
    entry: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.task}-{self.entry}-{self.seed}"


def cells() -> Iterator[Cell]:
    """All cells: seed by seed, so that an interrupted benchmark has whole seeds."""
    for seed in SEEDS:
        for task in TASKS:
            yield from (Cell(task, entry, seed) for entry in ENTRIES)


SHARED = {"reward.target_ms": None, "constraints.latency_ms": None, "device": "none"}
"""Overrides that all entries share: accuracy alone is the aim, and nothing runs on a device."""


def search(cell: Cell, out: Path) -> dict[str, float]:
    """A search of its share of the CPU time, and a final training planned for the rest."""
    setup = prepared(cell)
    rest_s = 60 * CPU_MINUTES * FINAL_SHARE
    epochs = planned(setup, setup.first[0], rest_s)
    own = {"budget.cpu_minutes": CPU_MINUTES * (1 - FINAL_SHARE), "final_fit.epochs": epochs}
    words = [word for k, v in {**SHARED, **own}.items() for word in ("--set", f"{k}={json.dumps(v)}")]
    command = [
        *(sys.executable, "-m", "micronas", "search", str(CONFIGS / TASKS[cell.task]), "--json"),
        *("--strategy", SEARCHES[cell.entry], "--seed", str(cell.seed)),
        *("--runs", str(out / "runs"), "--run", cell.name, *words),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    best = json.loads(done.stdout)["best"]
    quality = best["quality"]
    return {
        "test": quality["test_int8"],
        "validation": quality["validation_int8"],
        "epochs": epochs,
        "flash_bytes": best["flash_bytes"],
        "sram_bytes": best["sram_bytes"],
    }


def by_hand(cell: Cell) -> dict[str, float]:
    """The whole CPU time for the final training of one baseline network, by the same recipe."""
    from micronas.estimate.accuracy import int8_figure
    from micronas.estimate.final_fit import FinalSettings, final_fit

    setup = prepared(cell)
    first = setup.first[min(BY_HAND[cell.entry], len(setup.first) - 1)]
    epochs = planned(setup, first, 60 * CPU_MINUTES - used_s())
    net = setup.space.net(first)
    found = final_fit(net, setup.config.data, FinalSettings(epochs=epochs), cell.seed)
    dataset, ledger = setup.dataset, setup.gate.ledger(first)
    test = dataset.test.unseal(f"the figure of {cell.name}")
    return {
        "test": int8_figure(found.tflite, dataset, test),
        "validation": found.quality_int8,
        "epochs": epochs,
        "flash_bytes": ledger.flash_bytes,
        "sram_bytes": ledger.sram_bytes,
    }


def prepared(cell: Cell):  # type: ignore[no-untyped-def]
    """The task's ``Setup``, with the process ready to train."""
    from micronas.config import load_config
    from micronas.search.setup import prepare
    from micronas.train.process import prepare_process

    prepare_process()
    return prepare(load_config(CONFIGS / TASKS[cell.task], SHARED))


def planned(setup, arch, seconds: float) -> int:  # type: ignore[no-untyped-def]
    """Epochs of the final training of ``arch`` in ``seconds`` of CPU, by the measured time of one."""
    from micronas.estimate.final_fit import FinalSettings, final_fit

    net, times = setup.space.net(arch), []
    for epochs in (1, 3):
        before_s = used_s()
        final_fit(net, setup.config.data, FinalSettings(epochs=epochs), 0)
        times.append(used_s() - before_s)
    epoch_s = max((times[1] - times[0]) / 2, 0.01)
    return max(1, int((seconds - min(times)) / epoch_s))


def used_s() -> float:
    """CPU seconds of this process and of its ended children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    name, out = sys.argv[1], Path(sys.argv[2])
    cell = next(cell for cell in cells() if cell.name == name)
    found = search(cell, out) if cell.entry in SEARCHES else by_hand(cell)
    path = out / f"{cell.name}.json"
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({**found, "cpu_s": round(used_s(), 1)}, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main()
