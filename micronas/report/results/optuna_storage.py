"""Trials as a finished study in an Optuna storage, for optuna-dashboard and Optuna's own plots."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from micronas.errors import ConfigError, ToolMissingError
from micronas.host.installation import install_command
from micronas.report.genes import flat_genes
from micronas.report.results.rows import rows_of
from micronas.store import Record
from micronas.trial import Outcome, Scores

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

Gene = int | float | str | bool | None


def write_optuna(records: Sequence[Record], url: str, name: str) -> None:
    """Create the study ``name`` in the storage ``url``.

    Its objectives are the int8 quality (to maximise), flash, SRAM and, if every COMPLETE trial has one of
    the same source, the latency (to minimise). INFEASIBLE trials are PRUNED, FAILED ones FAIL; figures are
    user attributes. Raises ``ToolMissingError`` without optuna, ``ConfigError`` if the study exists or the
    storage cannot be opened.
    """
    try:
        import optuna
        from optuna.exceptions import StorageInternalError
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise ToolMissingError(f"--optuna needs optuna: {error}", remedy=install_command("optuna")) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    latency = _latency_source(records)
    directions = ["maximize", "minimize", "minimize", *(["minimize"] if latency else [])]
    fresh = _new_file(url)
    try:
        study = optuna.create_study(storage=url, study_name=name, directions=directions)
    except optuna.exceptions.DuplicatedStudyError as error:
        raise ConfigError(
            f"--optuna {url}: the storage already has a study {name!r}", remedy="choose another storage"
        ) from error
    except (SQLAlchemyError, StorageInternalError, ImportError, ValueError) as error:
        _remove(fresh)
        raise _unusable(url, error) from error
    try:
        _fill(study, records, latency)
    except (SQLAlchemyError, StorageInternalError) as error:
        with suppress(SQLAlchemyError, StorageInternalError):
            optuna.delete_study(study_name=name, storage=url)  # half a study would block the next attempt
        _remove(fresh)
        raise _unusable(url, error) from error


def _new_file(url: str) -> Path | None:
    """The SQLite file that ``url`` names, if it is not there yet."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        found = make_url(url)
    except ArgumentError:
        return None  # create_study says so
    path = Path(found.database) if found.drivername.startswith("sqlite") and found.database else None
    return path if path is not None and not path.exists() else None


def _remove(fresh: Path | None) -> None:
    """Half a database of this attempt is of no use, and none of the user's."""
    if fresh is not None:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _unusable(url: str, error: Exception) -> ConfigError:
    """The storage as a problem of the option: a missing driver, a full disk, or a URL that is none."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    what = str(cause).partition("\n")[0] or type(cause).__name__
    if isinstance(error, ImportError):
        remedy = "install this database's driver for Python, or name a file: sqlite:///study.db"
    elif "disk is full" in what:
        remedy = "free disk space, or name a file on another disk: sqlite:////FOLDER/study.db"
    elif any(word in what for word in ("unable to open", "readonly", "locked", "disk I/O")):
        remedy = "name a file that can be written: sqlite:///study.db"
    else:
        remedy = "name a storage, for example sqlite:///study.db"
    return ConfigError(f"--optuna {url}: {what}", remedy=remedy)


def _fill(study: Study, records: Sequence[Record], latency: str) -> None:
    import optuna

    metrics = ["quality_int8", "flash_bytes", "sram_bytes", *([f"latency_ms {latency}"] if latency else [])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(metrics)
    every = _distributions(records)
    states = {
        Outcome.COMPLETE: optuna.trial.TrialState.COMPLETE,
        Outcome.INFEASIBLE: optuna.trial.TrialState.PRUNED,
        Outcome.FAILED: optuna.trial.TrialState.FAIL,
    }
    trials = []
    for record, row in zip(records, rows_of(records), strict=True):
        genes, scores = flat_genes(record.trial.arch), record.trial.scores
        complete = record.trial.outcome is Outcome.COMPLETE and scores is not None
        trials.append(
            optuna.trial.create_trial(
                state=states[record.trial.outcome],
                params=dict(genes),
                distributions={gene: every[gene] for gene in genes},
                user_attrs={key: value for key, value in row.items() if value is not None and "." not in key},
                values=_values(scores, bool(latency)) if complete and scores else None,
            )
        )
    study.add_trials(trials)


def _values(scores: Scores, has_latency: bool) -> list[float]:
    values = [scores.quality_int8, float(scores.flash_bytes), float(scores.sram_bytes)]
    return [*values, scores.latency.ms] if has_latency and scores.latency else values


def _latency_source(records: Sequence[Record]) -> str:
    """The one source of all latencies; empty if there is none, or more than one."""
    scored = [s for r in records if (s := r.trial.scores) and r.trial.outcome is Outcome.COMPLETE]
    sources = {s.latency.source.value if s.latency else "" for s in scored}
    return next(iter(sources)) if len(sources) == 1 else ""


def _distributions(records: Sequence[Record]) -> dict[str, BaseDistribution]:
    """A range for whole numbers and choices for all else, over the values that the run has seen."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    seen: dict[str, list[Gene]] = {}
    for record in records:
        for gene, value in flat_genes(record.trial.arch).items():
            values = seen.setdefault(gene, [])
            if not any(value is known or (type(value) is type(known) and value == known) for known in values):
                values.append(value)
    found: dict[str, BaseDistribution] = {}
    for gene, values in seen.items():
        whole = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
        if len(whole) == len(values):
            found[gene] = IntDistribution(min(whole), max(whole))
        else:
            found[gene] = CategoricalDistribution(sorted(values, key=str))
    return found
