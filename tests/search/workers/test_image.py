"""The process from which workers are forked has imported what they need, and has one thread."""

from __future__ import annotations

import os
import sys

import pytest

from micronas.host.stage_clock import StageTime
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.workers.executor import ProcessExecutor
from micronas.search.workers.search_executor import WORKER_IMAGE
from micronas.trial import Outcome

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")


def _answer(task: TrialTask) -> TrialResult:
    from tensorflow.python.eager import context

    server = os.getppid()
    return TrialResult(
        Outcome.COMPLETE,
        details={
            "server": server,
            "threads": len(os.listdir(f"/proc/{server}/task")),
            "used": context.context()._context_handle is not None,
        },
    )


def factory() -> Evaluate:
    assert {"tensorflow", "micronas.train.tf_model", "micronas.search.evaluation.stages"} <= set(sys.modules)
    assert "keras" not in sys.modules
    return _answer


def test_workers_are_forked_from_one_thread_that_has_not_used_tensorflow() -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra: search)")
    starts: list[StageTime] = []
    executor = ProcessExecutor(
        factory,
        workers=2,
        task_deadline_s=60.0,
        tasks_per_worker=1,
        image=WORKER_IMAGE,
        started=starts.append,
    )
    with executor:
        for number in range(3):
            executor.submit(TrialTask(number, None, str(number)))
        finished = [executor.next_finished(200.0) for _ in range(3)]
        executor.close()
    found = [one[1] for one in finished if one is not None]
    assert [one.outcome for one in found] == [Outcome.COMPLETE] * 3, [one.reason for one in found]
    assert len({one.details["server"] for one in found}) == 1
    assert [(one.details["threads"], one.details["used"]) for one in found] == [(1, False)] * 3
    assert len(starts) == 1, "known once, although the executor is closed twice"
    assert os.getpid() != found[0].details["server"]
