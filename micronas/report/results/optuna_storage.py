"""Trials as a finished study in an Optuna storage, for optuna-dashboard and Optuna's own plots."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from micronas.errors import ConfigError, ToolMissingError
from micronas.host.installation import install_command
from micronas.report.genes import flat_genes
from micronas.report.results.rows import rows_of
from micronas.store import Record
from micronas.trial import Outcome, Scores

if TYPE_CHECKING:
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
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise ToolMissingError(f"--optuna needs optuna: {error}", remedy=install_command("optuna")) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    latency = _latency_source(records)
    directions = ["maximize", "minimize", "minimize", *(["minimize"] if latency else [])]
    try:
        study = optuna.create_study(storage=url, study_name=name, directions=directions)
    except optuna.exceptions.DuplicatedStudyError as error:
        raise ConfigError(
            f"--optuna {url}: the storage already has a study {name!r}", remedy="choose another storage"
        ) from error
    except (SQLAlchemyError, ValueError) as error:
        raise ConfigError(
            f"--optuna {url}: {str(error).splitlines()[0]}",
            remedy="name a storage, for example sqlite:///study.db",
        ) from error
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
