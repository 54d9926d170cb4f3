"""The teacher of the finalists: a file of the user's, or the trial with the best float network."""

from __future__ import annotations

from collections.abc import Sequence

from micronas.config.schema import TrainingConfig
from micronas.errors import SearchError
from micronas.search.evaluation.task import TeacherNetwork
from micronas.store import Record, Store
from micronas.trial import Outcome


def teacher_of(config: TrainingConfig, records: Sequence[Record], store: Store) -> TeacherNetwork | None:
    """None unless ``training.distill`` asks for one; raises ``SearchError`` if there is none."""
    if config.distill == "off":
        return None
    if config.teacher is not None:
        path = config.teacher.expanduser()
        if not path.is_file():
            raise SearchError(
                f"training.teacher {path}: no such file", remedy="give the path of a .keras file"
            )
        return TeacherNetwork(path=str(path.absolute()))
    for record in sorted(records, key=_by_float_quality):
        weights = store.weights(record.trial.number) if record.trial.outcome is Outcome.COMPLETE else None
        if weights is not None:
            return TeacherNetwork(record.trial.number, record.trial.arch, weights)
    raise SearchError(
        "training.distill has no teacher: the run kept the weights of no trial",
        remedy="give training.teacher a .keras file, or set training.distill: off",
    )


def _by_float_quality(record: Record) -> tuple[float, int]:
    """The best first; of equals the earlier trial."""
    scores = record.trial.scores
    return (-scores.quality_float if scores is not None else 1.0), record.trial.number
