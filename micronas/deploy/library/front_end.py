"""The front end in an exported library: its C, an example from raw samples to a class, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from micronas.codegen.front_end import (
    ImageTables,
    LogMelTables,
    MicroTables,
    StreamTables,
    Tables,
    front_end_tables,
)
from micronas.codegen.front_end import image as image_c
from micronas.codegen.front_end import log_mel as log_mel_c
from micronas.codegen.front_end import micro as micro_c
from micronas.codegen.front_end import stream as stream_c
from micronas.codegen.front_end.audio_text import audio_text
from micronas.codegen.front_end.text import constants_text, header_of
from micronas.deploy.library.kernels import weak_kernel
from micronas.deploy.library.render import render
from micronas.errors import ModelError
from micronas.host.resources import resource
from micronas.memory.front_end_cost import FrontEndCost, front_end_cost
from micronas.model.front_end import FrontEndFile, to_json
from micronas.model.graph import DType, Graph

RUNS_PER_INPUT = 4
"""Runs of the network in the example while one whole input passes."""
RUNS_PER_MEAN = 3
_NEEDS_THE_INPUT = (
    "it writes the whole input, which a library that was exported with --input rows does not hold"
)
LEAST_SHARE = 0.5
"""A decision needs a mean of this share of the output's range: a default, not chosen from data."""

_FRAMES = ("mn_frames.c", "mn_frames.h")
_AUDIO = ("mn_log2.c", "mn_log2.h", "mn_log_mel.c", "mn_log_mel.h", "mn_mul_high.h")
_MFCC = ("mn_mfcc.c", "mn_mfcc.h")
_AUDIO_TRANSFORM = ("mn_real_fft.c", "mn_real_fft.h")
_MICRO = ("mn_micro.c", "mn_micro.h", "mn_micro_spectrum.c", "mn_micro_spectrum.h")
_STREAM = ("mn_stream.c", "mn_stream.h")
_IMAGE = ("mn_image.c", "mn_image.h")
_ANOMALY = ("mn_anomaly.c", "mn_anomaly.h")
_SMOOTHING = ("mn_smoothing.c", "mn_smoothing.h")


@dataclass(frozen=True, eq=False)
class LibraryFrontEnd:
    """The front end of an export. ``tables`` is None if it has no C, for the reason ``why_not``."""

    file: FrontEndFile
    tables: Tables | None
    why_not: str = ""

    @property
    def cost(self) -> FrontEndCost | None:
        """Bytes of its constants and buffers; None without C."""
        return None if self.tables is None else front_end_cost(self.tables)

    def to_json(self) -> dict[str, object]:
        """The object ``front_end`` of ``manifest.json``."""
        cost = self.cost
        c = None if cost is None else {"arithmetic": self._arithmetic(), **cost.to_json()}
        return {**to_json(self.file), "c": c, "why_no_c": self.why_not}

    def _arithmetic(self) -> str:
        return "float32" if isinstance(self.tables, StreamTables) else "32-bit fixed point"


def library_front_end(file: FrontEndFile, graph: Graph, *, row_input: bool = False) -> LibraryFrontEnd:
    """Its tables for ``graph``, or the reason why it has no C: it writes the whole input."""
    if row_input:
        return LibraryFrontEnd(file, None, _NEEDS_THE_INPUT)
    try:
        return LibraryFrontEnd(file, front_end_tables(file, graph))
    except ModelError as error:
        return LibraryFrontEnd(
            file, None, f"{error.message}; {error.remedy}" if error.remedy else error.message
        )


def source_files(front: LibraryFrontEnd) -> dict[str, str]:
    """Path in the library -> text of the C that front ends share."""
    judges = {"detect_anomalies": _ANOMALY, "regress": ()}.get(front.file.task, _SMOOTHING)
    names = (*_own_sources(front.tables), *judges)
    folder = resource("firmware") / "lib" / "mn_front_end"
    return {f"src/{n}": weak_kernel(n, (folder / n).read_text(encoding="utf-8")) for n in sorted(names)}


def _own_sources(tables: Tables | None) -> tuple[str, ...]:
    if isinstance(tables, ImageTables):
        return _IMAGE
    if isinstance(tables, MicroTables):
        return (*_FRAMES, *_MICRO)
    if not isinstance(tables, LogMelTables):
        return _STREAM
    return (*_FRAMES, *_AUDIO, *_AUDIO_TRANSFORM, *(() if tables.mfcc is None else _MFCC))


def own_files(front: LibraryFrontEnd, graph: Graph, values: Mapping[str, object]) -> dict[str, str]:
    """Path in the library -> text of the C of this front end and its example."""
    assert front.tables is not None
    assert front.cost is not None
    own = _values(front.file, front.tables, front.cost, graph, values)
    known = {**values, "front": own}
    name = values["name"]
    files = {
        f"src/mn_front_end_{name}.h": render("front_end.h", known),
        f"src/mn_front_end_{name}.c": render("front_end.c", known),
    }
    if (example := _example(front, values, own["anomaly"])) is not None:
        files["example/main.c"] = render(example, known)
    return files


def _example(front: LibraryFrontEnd, values: Mapping[str, object], anomaly: object) -> str | None:
    """The template of the example; None for a network whose outputs it cannot interpret."""
    frames = isinstance(front.tables, ImageTables)
    if values["labels"] and front.file.task == "classify":
        return "example_frames.c" if frames else "example_main.c"
    return None if frames or not (anomaly or values["target"]) else "example_main.c"


def _values(
    file: FrontEndFile, tables: Tables, cost: FrontEndCost, graph: Graph, values: Mapping[str, object]
) -> dict[str, object]:
    least_mean, least_text = _least_mean(file, graph)
    common = {
        "name": file.front_end.name,
        "version": file.front_end.version,
        "constants": constants_text(tables),
        "header": header_of(tables),
        "sram_bytes": cost.buffer_bytes,
        "runs_per_mean": RUNS_PER_MEAN,
        "least_mean": least_mean,
        "least_text": least_text,
        "chosen": "accept" in file.thresholds,
        "unknown": [place for place, label in enumerate(file.labels) if label in file.unknown],
        "anomaly": _anomaly(file, graph),
    }
    if isinstance(tables, LogMelTables | MicroTables):
        arena_bytes = values["arena_bytes"]
        assert isinstance(arena_bytes, int)
        return common | {
            "audio": True,
            "image": False,
            "c": audio_text(tables),
            "struct_bytes": micro_c.STRUCT_BYTES
            if isinstance(tables, MicroTables)
            else log_mel_c.STRUCT_BYTES,
            "rate_hz": tables.spec.rate_hz,
            "window": tables.spec.window,
            "hop": tables.spec.hop,
            "row_values": tables.values,
            "frames": tables.frames,
            "steps_per_run": max(1, tables.frames // RUNS_PER_INPUT),
            "scratch_bytes": tables.scratch_bytes,
            "scratch_in_arena": not graph.states,
            "memory_bytes": max(arena_bytes, tables.scratch_bytes),
        }
    if isinstance(tables, ImageTables):
        return common | {
            "audio": False,
            "image": True,
            "struct_bytes": image_c.STRUCT_BYTES,
            "width": tables.width,
            "height": tables.height,
            "sums": tables.sum_bytes // 4,
        }
    return common | {
        "audio": False,
        "image": False,
        "scratch_in_arena": False,
        "struct_bytes": stream_c.STRUCT_BYTES,
        "channels": tables.channels,
        "frames": tables.window,
        "hop": tables.hop,
        "steps_per_run": tables.hop,
        "columns": ", ".join(_columns(file, tables.channels)),
    }


def _columns(file: FrontEndFile, channels: int) -> Sequence[str]:
    """Names of the values of a row, free of what would end a comment."""
    names = [name for name in str(file.front_end.parameters.get("columns", "")).split(",") if name]
    plain = [
        "".join(c if (c.isalnum() and c.isascii()) or c in "_- " else "?" for c in name) for name in names
    ]
    return plain if len(plain) == channels else [f"value {i}" for i in range(channels)]


def _least_mean(file: FrontEndFile, graph: Graph) -> tuple[int, str]:
    """The least int8 output of a decision, and where it comes from."""
    output = graph.tensors[graph.outputs[0]]
    if output.dtype is not DType.INT8 or output.quant is None:
        return 0, "of another type"
    low, high = -128, 127
    if (accept := file.thresholds.get("accept")) is None:
        return round(low + LEAST_SHARE * (high - low)), f"{round(100 * LEAST_SHARE)} % of its full range"
    steps = round(accept / output.quant.scale[0]) + output.quant.zero_point[0]
    # 128 is above every output: nothing is accepted
    return min(high + 1, max(low, steps)), f"{accept:.4g}, chosen on the validation split"


def _anomaly(file: FrontEndFile, graph: Graph) -> dict[str, int | str] | None:
    """The fields of ``mn_anomaly``; None for other networks, and without a threshold."""
    ends = [graph.tensors[t] for t in (graph.inputs[0], graph.outputs[0])]
    least = file.thresholds.get("anomaly")
    if least is None or ends[0].elements != ends[1].elements:
        return None
    given, made = ends[0].quant, ends[1].quant
    if given is None or made is None or any(end.dtype is not DType.INT8 for end in ends):
        return None
    return {
        "elements": ends[0].elements,
        "ratio": round(65536 * made.scale[0] / given.scale[0]),
        "input_zero": given.zero_point[0],
        "output_zero": made.zero_point[0],
        "least": math.ceil(least * ends[0].elements * (256 / given.scale[0]) ** 2),
        "real": f"{least:.4g}",
        "unit": f"{(given.scale[0] / 256) ** 2 / ends[0].elements:.9g}",
    }
