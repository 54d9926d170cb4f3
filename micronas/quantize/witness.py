"""A second witness: TensorFlow Lite on this machine runs the converted file, too.

Accuracies and references of micronas come from its own interpreter, which equals TensorFlow Lite Micro's
reference kernels. A fault in reading a file would be in both the network and its reference, so an interpreter
that shares no code with micronas runs the same bytes. Its kernels round some sums by another step or two.
Samples that differ are run again with its reference kernels, op by op, which tells rounding from a fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from micronas.errors import percent, plural
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch, run_tensors
from micronas.quantize.desktop_runtime import Array, DesktopRuntime, open_runtime, run, run_kept
from micronas.trial import Json

SAMPLES = 256
"""Samples at most; ``samples_within`` takes fewer of a large network."""

_MACS = 400_000_000
"""Multiply-accumulates of all samples together: at most a second or so of one core."""
_LEAST = 16

CHECKED_AGAIN = 8
"""Samples that differ and are run again, with reference kernels, which are many times slower."""


ROUNDING = 2
"""Steps by which an op may differ, with equal inputs, before it is more than rounding."""


@dataclass(frozen=True)
class OpDifference:
    """A kind of op whose results differ though its inputs are equal, by at most ``largest`` steps."""

    kind: str
    largest: float


@dataclass(frozen=True)
class Witness:
    """How the outputs of ``interpreter`` compare with micronas' own on ``samples`` samples.

    ``absent`` is the reason if no interpreter could run the file; all counts are then 0. ``different`` of
    ``elements`` output elements differ, by at most ``largest`` steps. ``samples_again`` of the samples that
    differ were run again with reference kernels, which left ``still_different`` elements; ``causes`` are the
    kinds of ops in which those differences begin, empty if they could not be followed. ``quality`` and
    ``own_quality`` are the figures of merit by the interpreter and by micronas on the same samples; None
    without labels.
    """

    interpreter: str = ""
    samples: int = 0
    elements: int = 0
    different: int = 0
    largest: float = 0
    samples_again: int = 0
    still_different: int = 0
    causes: tuple[OpDifference, ...] = ()
    quality: float | None = None
    own_quality: float | None = None
    figure: str = ""
    absent: str = ""

    @property
    def is_rounding(self) -> bool:
        """Whether rounding explains all differences."""
        known = bool(self.causes) and all(cause.largest <= ROUNDING for cause in self.causes)
        return not self.still_different or known

    @property
    def explanation(self) -> str:
        """Where the differences come from; empty if there are none."""
        if not self.different:
            return ""
        again = plural(self.samples_again, "such sample")
        if not self.still_different:
            return f"optimised kernels round differently; its reference kernels differ in none of {again}"
        found = ", ".join(f"{c.kind} by {plural(c.largest, 'step')}" for c in self.causes)
        rest = plural(self.still_different, "difference")
        if self.is_rounding:
            return f"with its reference kernels {rest} in {again}, from rounding that begins in {found}"
        begin = found or "unknown ops"
        return f"NOT EXPLAINED by rounding: with its reference kernels {rest} in {again}, from {begin}"

    def __str__(self) -> str:
        if self.absent:
            return f"no second interpreter ran the file: {self.absent}"
        equal = f"{self.elements - self.different:,} of {self.elements:,} output elements equal"
        text = f"{self.interpreter}: {equal} on {plural(self.samples, 'sample')}"
        if self.different:
            text += f"; the others by at most {plural(self.largest, 'step')}: {self.explanation}"
        if self.quality is not None and self.own_quality is not None:
            text += f"; {self.figure} {percent(self.quality)}, by micronas {percent(self.own_quality)}"
        return text

    def to_json(self) -> dict[str, Json]:
        """Every field by its name, and the explanation."""
        return {
            "interpreter": self.interpreter,
            "samples": self.samples,
            "elements": self.elements,
            "different": self.different,
            "largest": self.largest,
            "samples_again": self.samples_again,
            "still_different": self.still_different,
            "causes": [{"kind": cause.kind, "largest": cause.largest} for cause in self.causes],
            "quality": self.quality,
            "own_quality": self.own_quality,
            "figure": self.figure,
            "absent": self.absent,
            "explanation": self.explanation,
        }


def witness_from_json(value: Mapping[str, Json]) -> Witness:
    """The inverse of ``to_json``; raises ``TypeError`` or ``KeyError`` for another form."""
    fields = {name: value[name] for name in Witness.__dataclass_fields__}
    counts = ("samples", "elements", "different", "samples_again", "still_different")
    if not all(isinstance(fields[name], int) for name in counts):
        raise TypeError(f"witness is {value!r}")
    causes = fields["causes"]
    if not isinstance(causes, list):
        raise TypeError(f"witness is {value!r}")
    fields["causes"] = tuple(OpDifference(**cause) for cause in causes)  # type: ignore
    return Witness(**fields)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Outputs:
    """What both interpreters computed, one array (N, ...) per output."""

    witness: Witness
    theirs: tuple[Array, ...] = ()
    own: tuple[Array, ...] = ()

    def scored(self, figure: str, quality: float, own_quality: float) -> Witness:
        """The witness with the figures of merit of both."""
        return replace(self.witness, figure=figure, quality=quality, own_quality=own_quality)


def samples_within(macs: int, most: int = SAMPLES) -> int:
    """How many samples of a network with ``macs`` cost little."""
    return max(_LEAST, min(most, _MACS // max(1, macs)))


def ask_witness(tflite: bytes, graph: Graph, inputs: Sequence[Array]) -> Outputs:
    """Run ``tflite`` on ``inputs`` (N, ...), one array per input; compare with ``graph``, read from it."""
    if graph.states:
        return Outputs(Witness(absent="the network keeps a state between inferences"))
    runtime = open_runtime(tflite)
    if isinstance(runtime, str):
        return Outputs(Witness(absent=runtime))
    try:
        theirs = run(runtime.interpreter, inputs)
    except Exception as error:  # an interpreter raises whatever its C++ raises
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return Outputs(Witness(absent=f"{runtime.name} stopped: {lines[0]}"))
    own = run_batch(graph, inputs)
    return Outputs(_compared(runtime, graph, inputs, theirs, own), tuple(theirs), tuple(own))


def _compared(
    runtime: DesktopRuntime,
    graph: Graph,
    inputs: Sequence[Array],
    theirs: Sequence[Array],
    own: Sequence[Array],
) -> Witness:
    gaps = _gaps(theirs, own)
    found = Witness(
        interpreter=runtime.name,
        samples=len(gaps),
        elements=int(gaps.size),
        different=int(np.count_nonzero(gaps)),
        largest=_plain(float(gaps.max(initial=0.0))),
    )
    differing = np.flatnonzero(gaps.any(axis=1))[:CHECKED_AGAIN]
    if not len(differing):
        return found
    some, interpreter = [x[differing] for x in inputs], runtime.reference()
    still = int(np.count_nonzero(_gaps(run(interpreter, some), [y[differing] for y in own])))
    causes = _causes(run_kept(interpreter, some, graph), graph, some) if still else ()
    return replace(found, samples_again=len(differing), still_different=still, causes=causes)


def _causes(theirs: dict[int, Array], graph: Graph, inputs: Sequence[Array]) -> tuple[OpDifference, ...]:
    """The ops that differ in a sample in which all that they read is equal."""
    if not theirs:
        return ()
    own, largest = run_tensors(graph, inputs), dict[str, float]()
    gaps = {t: _gaps([values], [own[t]]).max(axis=1) for t, values in theirs.items()}
    for op in graph.ops:
        read = [gaps[t] for t in op.inputs if t in gaps]
        equal = ~np.any(read, axis=0) if read else np.ones(len(inputs[0]), bool)
        found = max(float(gaps[t][equal].max(initial=0.0)) for t in op.outputs)
        if found > 0:
            largest[op.kind] = max(found, largest.get(op.kind, 0.0))
    return tuple(OpDifference(kind, _plain(steps)) for kind, steps in largest.items())


def _gaps(theirs: Sequence[Array], own: Sequence[Array]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Absolute differences (N, elements of all outputs)."""
    parts = [
        np.abs(a.reshape(len(a), -1).astype(np.float64) - b.reshape(len(b), -1).astype(np.float64))
        for a, b in zip(theirs, own, strict=True)
    ]
    return np.concatenate(parts, axis=1)


def _plain(steps: float) -> float:
    return int(steps) if steps.is_integer() else steps
