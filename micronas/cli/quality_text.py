"""The quality of a reported network in words, and what its figure alone would hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from micronas.cli.output import percent
from micronas.errors import plural

if TYPE_CHECKING:
    from micronas.estimate.confusion import Confusion
    from micronas.estimate.target_errors import TargetErrors
    from micronas.store.final_figures import FinalFigures


def quality_on_test(found: FinalFigures) -> str:
    """An accuracy is a share of the samples; other figures are not."""
    quality = percent(found.test_quality_int8)
    if found.figure == "accuracy":
        return f"{quality} of {found.test_samples}"
    return f"{quality}, on {plural(found.test_samples, 'sample')}"


def quality_rows(found: FinalFigures) -> list[tuple[str, str]]:
    """What a figure alone hides: the gap to the test split, the weakest class, the cost of quantization."""
    rows = _error_rows(found.errors) if found.errors else []
    if found.gap is not None:
        low, high = (f"{100 * bound:.1f}" for bound in (found.gap.low, found.gap.high))
        rows.append(("validation - test", f"{100 * found.gap.value:.1f} points (95 %: {low} to {high})"))
        if found.gap.warning:
            rows.append(("WARNING", found.gap.warning))
    if found.rejection is not None:
        rows.append(("unknown samples, test", str(found.rejection)))
        if found.rejection.warning:
            rows.append(("WARNING", found.rejection.warning))
    if found.confusion is not None and (weakest := _weakest(found.confusion)):
        rows.append(("weakest class, test", weakest))
    if found.scores.int8_drop:
        rows.append(
            ("WARNING", f"{found.scores.int8_drop}, {percent(found.scores.quality_float)} on validation")
        )
    return rows


def _error_rows(errors: TargetErrors) -> list[tuple[str, str]]:
    """Both errors of a regression, in the unit of the target, each with its interval and the one to beat."""
    return [
        (
            f"{name}, int8, test",
            f"{value:.4g}{errors.as_unit} (95 %: {interval.low:.4g} to {interval.high:.4g}); "
            f"always the mean: {constant:.4g}",
        )
        for name, value, interval, constant in (
            ("MAE", errors.mae, errors.mae_interval, errors.constant_mae),
            ("RMSE", errors.rmse, errors.rmse_interval, errors.constant_rmse),
        )
    ]


def _weakest(confusion: Confusion) -> str:
    known = [(r, i) for i, r in enumerate(confusion.recall) if r is not None]
    if not known:
        return ""
    recall, at = min(known)
    row = confusion.matrix[at]
    others = [(count, j) for j, count in enumerate(row) if j != at and count]
    most = f", most often taken for {confusion.classes[max(others)[1]]!r}" if others else ""
    return f"{confusion.classes[at]!r}: {percent(recall)} of {sum(row)} recognised{most}"
