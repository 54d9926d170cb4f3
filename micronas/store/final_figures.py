"""The figures of a network that a search reports: typed in the program, JSON in the store and on stdout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from micronas.errors import StoreError
from micronas.estimate.agreement import Agreement, agreement_from_json
from micronas.estimate.confusion import Confusion, confusion_from_json
from micronas.estimate.gap import Gap, gap_from_json
from micronas.estimate.rejection import Rejection, rejection_from_json
from micronas.estimate.target_errors import TargetErrors, target_errors_from_json
from micronas.estimate.threshold import Threshold, threshold_from_json
from micronas.quantize.layer_report import LayerReport, layer_report_from_json
from micronas.quantize.witness import Witness, witness_from_json
from micronas.store.deployment_figures import DeploymentFigures, deployment_figures_from_json
from micronas.trial import Json, Scores, scores_from_json, scores_to_json

CONSTANT_CHANNELS = "constant_channels"
"""In the details of a trial or a final build: bytes of constants with such channels, and without."""


WITNESS = "witness"
"""In the details of a trial and in a result: what a second interpreter computed of the file."""


ERRORS = "errors"
"""In a result: how far a regression's predictions are from the targets of the test split."""


THRESHOLD = "threshold"
"""In a result: what a device decides by."""


LAYERS = "layers"
"""In a result: what int8 costs in each layer."""


@dataclass(frozen=True)
class FinalFigures:
    """One reported network.

    ``figure`` names what the qualities are; ``final_fit`` says whether the final training's weights are
    reported or those of the trial, and ``note`` why it is the trial's, or that the final training was cut.
    ``selection`` says how the finalists compared; it is empty if none was trained again.
    ``files`` are paths by kind. ``agreement`` says how well a run's proxies ranked the networks that were
    trained; None for a network that was picked. ``confusion`` is of the test split, ``gap`` that between
    validation and test accuracy; both are None unless the task is classification. ``errors`` are those of a
    regression on the test split. ``witness`` is what a second
    interpreter computed of the file; None for a result of an earlier version. ``layers`` is what int8 costs
    in each layer; None also where the float weights are not known. ``training`` names what the final
    training did beyond the usual: distillation, quantization-aware training. ``rejection`` is what becomes
    of the unknown samples of the test split; None if ``data.unknown`` names no class. ``threshold`` is what
    a device decides by, chosen on validation data; None for a regression, and for earlier versions.
    """

    trial: int
    key: str
    final_fit: bool
    test_quality_int8: float
    test_samples: int
    scores: Scores
    deployment: DeploymentFigures
    files: Mapping[str, str]
    figure: str
    agreement: tuple[Agreement, ...] | None = None
    note: str = ""
    selection: str = ""
    confusion: Confusion | None = None
    gap: Gap | None = None
    errors: TargetErrors | None = None
    witness: Witness | None = None
    layers: LayerReport | None = None
    training: str = ""
    rejection: Rejection | None = None
    threshold: Threshold | None = None

    def to_json(self) -> dict[str, Json]:
        """The object that the store keeps; its keys are stable."""
        agreement: dict[str, Json] = {}
        if self.agreement is not None:
            agreement["agreement"] = [one.to_json() for one in self.agreement]
        return {
            "trial": self.trial,
            "key": self.key,
            "final_fit": self.final_fit,
            "note": self.note,
            "selection": self.selection,
            "training": self.training,
            "test_quality_int8": self.test_quality_int8,
            "test_samples": self.test_samples,
            "scores": scores_to_json(self.scores),
            "deployment": self.deployment.to_json(),
            "files": dict(self.files),
            "figure": self.figure,
            "confusion": self.confusion.to_json() if self.confusion else None,
            "gap": self.gap.to_json() if self.gap else None,
            ERRORS: self.errors.to_json() if self.errors else None,
            LAYERS: self.layers.to_json() if self.layers else None,
            WITNESS: self.witness.to_json() if self.witness else None,
            "rejection": self.rejection.to_json() if self.rejection else None,
            THRESHOLD: self.threshold.to_json() if self.threshold else None,
            **agreement,
        }


def files_in(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """``files`` by kind in ``folder``, wherever the run was moved since they were written."""
    return {kind: str(folder / Path(path).name) for kind, path in files.items()}


def figures_from_json(data: Mapping[str, Json]) -> FinalFigures:
    """The inverse of ``to_json``; raises ``StoreError`` for a result that is not of this version."""
    try:
        agreement = data.get("agreement")
        return FinalFigures(
            trial=_whole(data, "trial"),
            key=str(data["key"]),
            final_fit=bool(data["final_fit"]),
            note=str(data.get("note", "")),
            selection=str(data.get("selection", "")),
            training=str(data.get("training", "")),
            test_quality_int8=_number(data, "test_quality_int8"),
            test_samples=_whole(data, "test_samples"),
            scores=scores_from_json(_object(data, "scores")),
            deployment=deployment_figures_from_json(_object(data, "deployment")),
            files={name: str(path) for name, path in _object(data, "files").items()},
            figure=str(data.get("figure", "accuracy")),
            agreement=tuple(map(agreement_from_json, agreement)) if isinstance(agreement, list) else None,
            confusion=confusion_from_json(_object(data, "confusion")) if data.get("confusion") else None,
            gap=gap_from_json(_object(data, "gap")) if data.get("gap") else None,
            errors=target_errors_from_json(_object(data, ERRORS)) if data.get(ERRORS) else None,
            layers=layer_report_from_json(_object(data, LAYERS)) if data.get(LAYERS) else None,
            witness=witness_from_json(_object(data, WITNESS)) if data.get(WITNESS) else None,
            rejection=rejection_from_json(_object(data, "rejection")) if data.get("rejection") else None,
            threshold=threshold_from_json(_object(data, THRESHOLD)) if data.get(THRESHOLD) else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the run's result is not in this version's form: {error!r}",
            remedy="read it with the version that wrote it; `micronas report RUN` shows what there is",
        ) from error


def _object(data: Mapping[str, Json], key: str) -> dict[str, Json]:
    value = data[key]
    if not isinstance(value, dict):
        raise TypeError(f"{key} is {value!r}")
    return value


def _number(data: Mapping[str, Json], key: str) -> float:
    value = data[key]
    if not isinstance(value, int | float):
        raise TypeError(f"{key} is {value!r}")
    return float(value)


def _whole(data: Mapping[str, Json], key: str) -> int:
    value = data[key]
    if not isinstance(value, int):
        raise TypeError(f"{key} is {value!r}")
    return value
