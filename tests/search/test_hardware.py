"""A search with a board in the loop: what it records, and what a board that fails does to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from micronas.config import SearchBudget, SearchConfig, parse_config
from micronas.deploy import deployment
from micronas.device import targets as where
from micronas.device.client import Client
from micronas.device.flash import Access, session
from micronas.device.flash.board import Flashed
from micronas.device.framing import Message
from micronas.device.ports import Port
from micronas.device.serial_link import SerialLink
from micronas.errors import FlashError, SearchError
from micronas.search import new_run, prepare
from micronas.search import run as runs
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.loop import failure_limit
from micronas.search.parts import SearchParts
from micronas.search.proposals import Proposals
from micronas.search.termination import make_termination
from micronas.search.workers import search_executor as workers
from micronas.search.workers.executor import InlineExecutor
from micronas.store import Record, Store
from micronas.strategy import make_strategy
from micronas.trial import Outcome, Source
from tests.support.fake_board import CLOCK_HZ, after, unplug
from tests.support.interpreter_board import InterpreterBoard
from tests.support.loops import loop_of
from tests.support.search_fakes import GENES, Silent, ToyGate, ToySpace, toy_scores

DEPLOY = deployment.deploy
SERIAL = "066DFF505055657867184411"
CONFIG = {
    "board": "nucleo_f446re",
    "device": "serial",
    "data": {"name": "digits"},
    "space": {"max_blocks": 2, "max_width": 8},
    "strategy": {"name": "random"},
    "estimator": {"epochs": 1},
    "final_fit": {"epochs": 1},
    "budget": {"trials": 4},
    "seed": 3,
}


class Workbench:
    """The machine's boards, one after the other, and what each upload meets, by number of the deployment."""

    def __init__(self, claims: Path) -> None:
        self.claims = claims
        self.boards: list[InterpreterBoard] = []
        self.deployments = 0
        self.silent: set[int] = set()
        self.wrong: set[int] = set()
        self.pulled: set[int] = set()
        self.graph: Any = None
        self.plug()

    def plug(self) -> InterpreterBoard:
        board = InterpreterBoard()
        board.__enter__()
        self.boards.append(board)
        return board

    def ports(self) -> list[Port]:
        if self.boards[-1].pulled.is_set():
            self.plug()
        return [Port(self.boards[-1].port, SERIAL, "ST-LINK/V2-1")]

    def deploy(self, graph: Any, *args: Any, **named: Any) -> Any:
        """``deploy.deploy``, noting which network the next upload holds."""
        self.graph, self.deployments = graph, self.deployments + 1
        return DEPLOY(graph, *args, **named)

    def flash(self, firmware: Any, port: Port, **seams: Any) -> Flashed:
        number, board = self.deployments, self.boards[-1]
        if number in self.silent:
            raise FlashError(f"the upload to {port} failed: no reply on its port")
        board.flashed(self.graph, firmware.build_id)
        board.wrong_output = number in self.wrong
        if number in self.pulled:
            self.pulled.remove(number)
            board.faults = [after(9, Message.LOAD, unplug)]
            board.requests.clear()
        with SerialLink(port.device, firmware.board.uart.baud) as link:
            return Flashed(port, Client(link).info(), under_reset=False)


class Inline(InlineExecutor):
    """Trials in this process, where the workbench is."""

    def __init__(self, factory: Any, **_: Any) -> None:
        super().__init__(factory())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture
def workbench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    bench = Workbench(tmp_path / "claims")
    access = Access(
        ports=bench.ports,
        usb=lambda: (),
        open_link=lambda port, baud: SerialLink(port, baud, emulated=False),
        locks_dir=bench.claims,
        return_deadline_s=2.0,
    )
    monkeypatch.setattr(where, "HARDWARE", access)
    monkeypatch.setattr(session, "flash", bench.flash)
    monkeypatch.setattr(session, "_still_runs", lambda *_: False)
    monkeypatch.setattr(deployment, "deploy", bench.deploy)
    monkeypatch.setattr(workers, "ProcessExecutor", Inline)
    yield bench
    for board in bench.boards:
        board.unplug()


def search(folder: Path, **changed: Any) -> tuple[list[Record], dict[str, Any]]:
    setup = prepare(parse_config({**CONFIG, **changed}))
    with new_run(setup, folder) as store:
        final = runs.search(setup, store, Silent([]))
        return store.records(), final.result


@pytest.mark.slow
@pytest.mark.emulator
def test_trials_are_measured_on_the_board_and_say_with_what(workbench: Workbench, tmp_path: Path) -> None:
    """The second trial's board is dead, the third's is wrong, the fourth's cable is pulled once."""
    workbench.silent, workbench.wrong, workbench.pulled = {2}, {3}, {4}
    records, result = search(tmp_path / "run")
    ends = [(r.trial.outcome, r.trial.stage) for r in records]
    assert ends == [
        (Outcome.COMPLETE, ""),
        (Outcome.FAILED, "flash"),
        (Outcome.FAILED, "parity"),
        (Outcome.COMPLETE, ""),
    ]
    assert "no reply on its port" in records[1].trial.reason
    assert "(after 3 attempts)" in records[1].trial.reason
    assert "differ from the reference" in records[2].trial.reason
    failed: Any = records[3].details["failed_attempts"]
    assert len(failed) == 1
    assert "port" in failed[0]
    for record in (records[0], records[3]):
        scores, details = record.trial.scores, record.details
        assert scores is not None
        assert scores.latency is not None
        assert scores.latency.source is Source.MEASURED
        n_ops = len(details["per_op"])  # type: ignore[arg-type]
        assert scores.latency.ms == pytest.approx(1000 * n_ops * 20_000 / CLOCK_HZ)
        check_what_is_recorded(details)
    assert result["scores"]["latency"]["source"] == "measured"
    assert result["deployment"]["parity"]["mismatches"] == 0


def check_what_is_recorded(details: dict[str, Any]) -> None:
    assert details["clock"] == {"hz": CLOCK_HZ, "host_hz": None, "source": "hse_bypass", "fallback": False}
    assert details["counter"] == {"name": "DWT CYCCNT", "counts": "cycles"}
    firmware = details["firmware"]
    assert len(bytes.fromhex(firmware["build_id"])) == 16
    assert firmware["board"] == "nucleo_f446re"
    assert "GCC" in firmware["compiler"]
    assert {"-mcpu=cortex-m4", "-O2"} <= set(firmware["flags"])
    assert any(kernel.startswith("mn_conv2d") for kernel in firmware["kernels"])
    assert details["execution_target"]["machine"] is None
    assert details["runs"]["warm_up"] == 2
    assert details["runs"]["outliers"] == []


def dead_board(task: TrialTask) -> TrialResult:
    """From the third trial on the board is gone; the reason has a build id that is never the same."""
    if task.number < 2:
        return TrialResult(Outcome.COMPLETE, toy_scores(list(task.arch)), tflite=b"x")  # type: ignore[arg-type]
    reason = f"the board still runs build {task.number:032x}, not {task.number * 7919:032x}"
    return TrialResult(Outcome.FAILED, stage="flash", reason=reason)


def run_loop(folder: Path, config: SearchConfig) -> list[Record]:
    space, gate = ToySpace(), ToyGate(limit=GENES * 4)
    proposals = Proposals(space, gate)  # type: ignore[arg-type]
    strategy = make_strategy(config.strategy, space, config.seed, proposals.accept)  # type: ignore[arg-type]
    with Store.create(folder, {}) as store:
        store.begin_session()
        try:
            parts = SearchParts(
                space,  # type: ignore[arg-type]
                proposals,
                store,
                make_termination(config, store.wall_s),
                Silent([]),
                workers=1,
            )
            stops = config.on_board_failure == "stop"
            limit = failure_limit(config.max_equal_failures, stop_without_board=stops)
            loop_of(parts, strategy, InlineExecutor(dead_board), limit=limit).run()
        finally:
            records = store.records()
    return records


@pytest.mark.parametrize(
    ("policy", "limit", "trials", "text"),
    [
        ("stop", 5, 3, "trial 2 failed because of the device"),
        ("continue", 4, 6, "4 trials in a row failed for the same reason, in stage 'flash'"),
    ],
)
def test_a_board_that_is_gone_for_good_ends_the_search_by_policy(
    policy: str, limit: int, trials: int, text: str, tmp_path: Path
) -> None:
    config = SearchConfig.model_validate(
        {
            "on_board_failure": policy,
            "max_equal_failures": limit,
            "strategy": {"name": "random"},
            "budget": SearchBudget(trials=20).model_dump(),
        }
    )
    with pytest.raises(SearchError, match=text):
        run_loop(tmp_path / "run", config)
    with Store.read(tmp_path / "run") as store:
        records = store.records()
    assert len(records) == trials
    assert [r.trial.outcome for r in records[2:]] == [Outcome.FAILED] * (trials - 2)
