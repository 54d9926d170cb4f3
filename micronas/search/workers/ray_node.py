"""What a search sends to the nodes of a cluster, and how a task runs there."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from micronas.config import DataConfig
from micronas.data import Dataset, DataSplit, SealedTest
from micronas.host.plugin import receive
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.workers.executor import EvaluateFactory, evaluator_or_fault


@dataclass(frozen=True, eq=False)
class SharedData:
    """A data set without its test split, as it is sent to the nodes."""

    config: DataConfig
    parts: Mapping[str, object]

    @classmethod
    def of(cls, config: DataConfig, dataset: Dataset) -> SharedData:
        """Everything of ``dataset`` that training and calibration need."""
        named = (field.name for field in fields(dataset) if field.name != "test")
        return cls(config, {name: getattr(dataset, name) for name in named})

    def keep(self) -> None:
        """Make it the data set of this process, which then does not load the files."""
        from micronas.estimate.full import keep_dataset

        train = self.parts["train"]
        assert isinstance(train, DataSplit)
        nothing = SealedTest(DataSplit(train.x[:0], train.y[:0]))
        keep_dataset(self.config, Dataset(**self.parts, test=nothing))  # type: ignore[arg-type]


def with_plug_ins(files: Mapping[str, bytes], factory: EvaluateFactory) -> Evaluate:
    """What ``factory`` makes on a node that does not have the files of the user's plug-ins."""
    receive(files)
    return factory()


_evaluators: dict[str, Evaluate] = {}  # one per worker process and search


def run_on_node(
    key: str, shared: tuple[EvaluateFactory, SharedData | None], task: TrialTask, limit_s: float
) -> TrialResult:
    """Run a task in a worker of Ray; the process ends if that takes longer than ``limit_s``."""
    with open(os.devnull, "w") as nowhere:
        # Ends the process from a thread of its own, even if native code holds the interpreter.
        faulthandler.dump_traceback_later(limit_s, exit=True, file=nowhere)
        try:
            return _evaluator(key, shared)(task)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _evaluator(key: str, shared: tuple[EvaluateFactory, SharedData | None]) -> Evaluate:
    if key not in _evaluators:
        factory, data = shared

        def prepared() -> Evaluate:
            if data is not None:
                data.keep()
            return factory()

        _evaluators[key] = evaluator_or_fault(prepared)
    return _evaluators[key]
