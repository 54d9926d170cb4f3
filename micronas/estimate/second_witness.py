"""The int8 file of a trial by a second interpreter: equal outputs, and the same figure of merit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.data import Dataset, DataSplit
from micronas.errors import DataError, QuantizeError, RewardError
from micronas.estimate.accuracy import COLLAPSE_DROP, figure_of_outputs, input_quant, quantized
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes
from micronas.quantize.witness import Outputs, Witness, ask_witness, samples_within


def witnessed(tflite: bytes, dataset: Dataset, split: DataSplit, macs: int) -> Witness:
    """Both interpreters on samples spread over ``split``, fewer of a network with many ``macs``.

    Raises ``QuantizeError`` if the figures of merit are so far apart that one of them reads another network.
    """
    graph = read_bytes(tflite, "candidate")
    some = _spread(split, samples_within(macs))
    found = ask_witness(tflite, graph, [quantized(some.x, input_quant(graph))])
    if found.witness.absent:
        return found.witness
    scored = _scored(found, graph, dataset, some)
    _refuse_other_network(scored)
    return scored


def _spread(split: DataSplit, count: int) -> DataSplit:
    """Evenly over the split, which may be sorted by class."""
    chosen = np.linspace(0, len(split) - 1, min(count, len(split))).astype(np.int64)
    return split.taken(chosen)


def _scored(found: Outputs, graph: Graph, dataset: Dataset, some: DataSplit) -> Witness:
    try:
        theirs, own = (
            figure_of_outputs(graph, dataset, some, _int8(outputs)) for outputs in (found.theirs, found.own)
        )
    except (DataError, RewardError):  # an AUC or a metric of the user's, of too few samples
        return found.witness
    return found.scored(dataset.figure, theirs, own)


def _int8(outputs: tuple[npt.NDArray[np.generic], ...]) -> npt.NDArray[np.int8]:
    first = outputs[0]
    return np.asarray(first.reshape(len(first), -1), np.int8)


def _refuse_other_network(witness: Witness) -> None:
    if witness.quality is None or witness.own_quality is None or witness.is_rounding:
        return
    if abs(witness.quality - witness.own_quality) > COLLAPSE_DROP:
        raise QuantizeError(
            f"{witness.interpreter} gives the int8 file {witness.figure} {witness.quality:.3f}, micronas "
            f"{witness.own_quality:.3f}, and reference kernels do not explain it",
            remedy="please report this with the file: one of the two interpreters is wrong",
        )
