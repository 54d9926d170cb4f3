"""A search with two boards on pseudo terminals: one is slow, one begins to fail."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import parse_config
from micronas.deploy import deployment
from micronas.device import targets
from micronas.device.client import Client
from micronas.device.flash import Access, Flashed, session
from micronas.device.ports import Port
from micronas.device.serial_link import SerialLink
from micronas.errors import ConfigError, DeviceError, FlashError
from micronas.estimate.full import Estimate
from micronas.search.evaluation import placement
from micronas.search.evaluation.evaluator import Stages, TrialEvaluator
from micronas.search.pool.executor import PoolExecutor
from micronas.search.pool.members import members_here, require_members_here
from micronas.search.pool.state import BoardPool
from micronas.search.workers.count import with_workers
from micronas.search.workers.executor import InlineExecutor
from micronas.store import Store
from micronas.store.pool import FAILED_ON, MEASURED_ON, POOL_FACT, earlier_failures, keep_pool, pool_rows
from micronas.trial import Outcome, Source, object_at
from tests.support.fake_board import CLOCK_HZ
from tests.support.interpreter_board import InterpreterBoard
from tests.support.nominal_dataset import NOMINAL_DATASET
from tests.support.toy_loop import make_loop

PROBES = "066DFF505055657867184411", "0670FF383535554157121314"
CYCLES = 20_000, 21_600  # per op: the second board is 8 % slower
CONFIG = {
    "board": "nucleo_f446re",
    "device": "serial",
    "pool": {"boards": list(PROBES), "quarantine_after": 1},
}


class Bench:
    """Two boards at once. An upload to the first one fails from its second on."""

    def __init__(self) -> None:
        self.boards = [InterpreterBoard(cycles_per_op=cycles) for cycles in CYCLES]
        for board in self.boards:
            board.__enter__()
        self.uploads: list[str] = []
        self.graph: Any = None
        self.firmware: Any = None

    def ports(self) -> list[Port]:
        return [Port(b.port, probe, "ST-LINK/V2-1") for b, probe in zip(self.boards, PROBES, strict=True)]

    def deploy(self, deploy: Any, graph: Any, *args: Any, **named: Any) -> Any:
        self.graph = graph
        return deploy(graph, *args, **named)

    def build(self, build: Any, folder: Path, *args: Any, **named: Any) -> Any:
        """All networks of this test are one: built once."""
        self.firmware = self.firmware or build(*args, **{**named, "workdir": folder})
        return self.firmware

    def flash(self, firmware: Any, port: Port, **seams: Any) -> Flashed:
        self.uploads.append(port.serial)
        if port.serial == PROBES[0] and self.uploads.count(PROBES[0]) > 1:
            raise FlashError(f"the upload to {port.serial} failed: no reply on its port")
        self.boards[PROBES.index(port.serial)].flashed(self.graph, firmware.build_id)
        with SerialLink(port.device, firmware.board.uart.baud) as link:
            return Flashed(port, Client(link).info(), under_reset=False)


class Inline(InlineExecutor):
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, firmware_cache: Path) -> Iterator[Bench]:
    bench = Bench()
    access = Access(
        ports=bench.ports,
        usb=lambda: (),
        open_link=lambda port, baud: SerialLink(port, baud, emulated=False),
        locks_dir=tmp_path / "claims",
        return_deadline_s=2.0,
    )
    monkeypatch.setattr(targets, "HARDWARE", access)
    monkeypatch.setattr("micronas.search.pool.members.HARDWARE", access)
    monkeypatch.setattr(session, "flash", bench.flash)
    monkeypatch.setattr(session, "_still_runs", lambda *_: False)
    monkeypatch.setattr(deployment, "deploy", functools.partial(bench.deploy, deployment.deploy))
    build = functools.partial(bench.build, deployment.build_firmware, tmp_path / "firmware")
    monkeypatch.setattr(deployment, "build_firmware", build)
    monkeypatch.setattr(placement, "parity_samples", lambda *_: [np.zeros((2, 1), np.int8)])
    monkeypatch.setattr("micronas.deploy.deployment.cache_folder", lambda: firmware_cache)
    yield bench
    for board in bench.boards:
        board.unplug()


def pool_of(network: Path, said: list[str], store: Store) -> PoolExecutor:
    config, board = parse_config(CONFIG), load_board("nucleo_f446re")
    place = functools.partial(placement.place, config=config, board=board, dataset=NOMINAL_DATASET)
    trained = Estimate(network.read_bytes(), 0.5, 0.5, 1, 0.1, 1, 1)
    evaluate = TrialEvaluator(config, Stages(estimate=lambda task: trained, place=place))
    return PoolExecutor(
        Inline(evaluate),  # type: ignore[arg-type]
        BoardPool(members_here(config), config.pool.quarantine_after, earlier_failures(store)),
        tolerance=config.pool.tolerance,
        say=said.append,
        keep=functools.partial(keep_pool, store),
    )


@pytest.mark.emulator
def test_a_slow_board_is_named_and_a_failing_one_quarantined(
    bench: Bench, networks: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    with Store.create(tmp_path / "run", {}) as store:
        store.begin_session()
        make_loop(store, executor=pool_of(networks / "tiny.tflite", said, store), trials=2).run()
        records, pool = store.records(), object_at(store.optional_fact(POOL_FACT))
        assert earlier_failures(store) == {PROBES[0]: 1, PROBES[1]: 0}
    compared, quarantined = said
    ms = 1000 * 3 * 20_000 / CLOCK_HZ  # three dense layers
    assert (
        f"board {PROBES[1]} is 8.0 % slower: {1.08 * ms:.3f} ms, where {PROBES[0]} needs {ms:.3f} ms"
        in compared
    )
    assert f"board {PROBES[0]} is quarantined after 1 failure in a row" in quarantined
    assert "no reply on its port" in quarantined
    assert f"repeated on {PROBES[1]}" in quarantined
    assert [record.trial.outcome for record in records] == [Outcome.COMPLETE] * 2
    assert [record.details[MEASURED_ON] for record in records] == list(PROBES)
    assert object_at(records[1].details[FAILED_ON][0])["board"] == PROBES[0]  # type: ignore[index]
    latencies = [r.trial.scores.latency for r in records if r.trial.scores is not None]
    assert [x.source for x in latencies if x is not None] == [Source.MEASURED] * 2
    first, second = pool_rows(pool, records)
    assert (first.board, first.trials, first.failures, first.state[:11]) == (PROBES[0], 1, 1, "quarantined")
    assert (second.trials, second.failures, second.state) == (1, 0, "differs from the others")
    assert second.deviation == pytest.approx(0.08)


def test_a_board_that_is_not_attached_is_refused_by_name_before_any_training(bench: Bench) -> None:
    require_members_here(parse_config(CONFIG))
    absent = parse_config({**CONFIG, "pool": {"boards": [PROBES[0], "0123456789", "/dev/ttyNONE7"]}})
    with pytest.raises(DeviceError, match=r"0123456789: no debug probe .* /dev/ttyNONE7: ") as refusal:
        require_members_here(absent)
    assert "leave them out of pool.boards" in str(refusal.value.remedy)


def test_what_a_pool_excludes_is_refused() -> None:
    for wrong, text in (
        ({"device": "qemu"}, "pool.boards needs device serial, not qemu"),
        ({"probe": PROBES[0]}, "leave out pool.boards"),
        ({"other_boards": ["nucleo_l476rg"]}, "boards of one profile"),
        ({"estimator": {"name": "supernet"}}, "measures on a single board"),
        ({"pool": {"boards": ["a", "a"]}}, "a is named more than once"),
        ({"pool": {"emulated": 2}}, "pool.emulated needs device qemu or renode"),
    ):
        with pytest.raises(ConfigError, match=text):
            parse_config({**CONFIG, **wrong})


def test_a_pool_has_at_least_a_worker_per_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micronas.search.workers.count.workers_here", lambda device: 1)
    assert with_workers(parse_config(CONFIG)).workers == 2
    assert with_workers(parse_config({"device": "qemu", "pool": {"emulated": 3}})).workers == 3
