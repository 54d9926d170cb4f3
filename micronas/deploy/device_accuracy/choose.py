"""What a device gets of the data: raw samples through its front end where it has one, otherwise features."""

from __future__ import annotations

from dataclasses import replace

from micronas.codegen.front_end import front_end_tables
from micronas.data.evaluation import Evaluation
from micronas.data.front_end.file import front_end_file
from micronas.deploy.device_accuracy.run import RawInput
from micronas.errors import DataError, ModelError
from micronas.model.front_end import FILE_NAME, FrontEndFile, to_json
from micronas.model.graph import Graph


def choose_input(
    graph: Graph, given: Evaluation, beside: FrontEndFile | None, *, features: bool
) -> tuple[RawInput | None, str]:
    """The front end for raw samples; or None, and why the device gets features.

    ``beside`` is the ``front_end.json`` in the model's folder. Raises ``DataError`` if the data have another
    front end: host and device would not see the same features.
    """
    if features:
        return None, "as asked for"
    if beside is None:
        return None, f"no {FILE_NAME} beside the model"
    _require_same(beside, front_end_file(given.dataset))
    try:
        tables = front_end_tables(beside, graph)
    except ModelError as error:
        return None, error.message
    if given.read_raw is None:
        return None, "the data source keeps no raw samples"
    return RawInput(beside, tables), ""


def with_learned_target(given: Evaluation, beside: FrontEndFile | None) -> Evaluation:
    """``given`` with the mean and spread that a regression network learned, if its file says them.

    Raises ``DataError`` if the network predicts something else than the data hold.
    """
    of_data, learned = given.dataset.target, None if beside is None else beside.target
    if beside is None or (of_data is None and learned is None):
        return given
    if of_data is None or learned is None or (of_data.name, of_data.unit) != (learned.name, learned.unit):
        raise DataError(
            f"the network predicts {learned or 'no number'}, and the data hold {of_data or 'no target'}",
            remedy="pass --data with the configuration that the network was trained with",
        )
    return replace(given, dataset=replace(given.dataset, target=learned))


def _require_same(beside: FrontEndFile, of_data: FrontEndFile) -> None:
    """Labels, thresholds and the range may differ; the features must not."""
    first, second = to_json(beside), to_json(of_data)
    keys = [key for key in ("name", "version") if first[key] != second[key]]
    ours, theirs = first["parameters"], second["parameters"]
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    keys += sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
    if keys:
        raise DataError(
            f"{FILE_NAME} beside the model and the data differ in {', '.join(keys)}",
            remedy="pass --data with the configuration and the files that the network was trained on, or "
            "--features to send the features of the data",
        )
