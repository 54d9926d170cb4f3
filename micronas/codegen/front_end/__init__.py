"""A front end as C: constants of ``firmware/lib/mn_front_end`` and a file that holds its buffers."""

from __future__ import annotations

from micronas.codegen.front_end import image
from micronas.codegen.front_end.audio_text import AudioTables
from micronas.codegen.front_end.image import ImageTables, image_tables
from micronas.codegen.front_end.log_mel import LogMelTables, log_mel_tables, mfcc_tables
from micronas.codegen.front_end.micro import MicroTables, micro_tables
from micronas.codegen.front_end.stream import StreamTables, stream_tables
from micronas.codegen.front_end.text import Tables
from micronas.errors import ModelError
from micronas.model.front_end import PICTURES, FrontEnd, FrontEndFile, mfcc
from micronas.model.front_end import micro as micro_definition
from micronas.model.front_end.log_mel import NAME, SCALED_VERSION, VERSION, log_mel_of
from micronas.model.graph import DType, Graph, Quant

_VERSIONS = {
    NAME: (VERSION, SCALED_VERSION),
    mfcc.NAME: (VERSION, SCALED_VERSION),
    micro_definition.NAME: (micro_definition.VERSION,),
}

__all__ = [
    "AudioTables",
    "ImageTables",
    "LogMelTables",
    "MicroTables",
    "StreamTables",
    "Tables",
    "front_end_tables",
    "tables_of",
]


def front_end_tables(file: FrontEndFile, graph: Graph) -> Tables:
    """The constants of the front end for input 0 of ``graph``.

    Raises ``ModelError`` for a front end that has no C, or one that was made for another input.
    """
    given = graph.tensors[graph.inputs[0]]
    if given.dtype is not DType.INT8 or given.quant is None or len(graph.inputs) != 1:
        raise ModelError("the C code of a front end needs a network with one int8 input")
    if given.shape != (1, *file.input_shape):
        raise ModelError(
            f"the front end makes inputs of {file.input_shape}, but the network takes {given.shape[1:]}",
            remedy="keep front_end.json beside the network of the same run",
        )
    return tables_of(file, given.quant)


def tables_of(file: FrontEndFile, quant: Quant) -> Tables:
    """The constants for an input with the scale and zero point of ``quant``; raises as above."""
    front_end = file.front_end
    if front_end.version in _VERSIONS.get(front_end.name, ()):
        if front_end.parameters.get("level", "none") != "none":
            raise ModelError(
                "level: peak scales whole clips, but a device does not know where a clip ends",
                remedy="train with data.options.level: none",
            )
        return _audio_tables(front_end, file.input_shape, quant)
    if front_end.name in ("stream", "scale") and front_end.version == 1 and file.kind == "stream":
        return stream_tables(front_end, file.input_shape, quant)
    if front_end.name in PICTURES and (front_end.version, file.kind) == (image.VERSION, "image"):
        return image_tables(front_end, file.input_shape, quant)
    if (front_end.name, front_end.version, file.kind) == ("scale", 1, "image"):
        raise ModelError(
            "there is C code for 8-bit pictures of 1 or 3 channels only: these arrays are of another type or "
            "have other channels",
            remedy="store pictures as uint8 (N, height, width, 1 or 3), or scale them in your own code",
        )
    raise ModelError(
        f"front end {front_end.name} version {front_end.version} has no C",
        remedy="compute it in your own code: manifest.json has its parameters",
    )


def _audio_tables(front_end: FrontEnd, shape: tuple[int, ...], quant: Quant) -> AudioTables:
    height = shape[0]
    if front_end.name == micro_definition.NAME:
        own = micro_definition.micro_of(front_end.parameters)
        _require_width(own.bands, "bands", shape)
        return micro_tables(own, height, quant)
    if front_end.name == mfcc.NAME:
        cepstral = mfcc.mfcc_of(front_end.parameters)
        _require_width(cepstral.coefficients, "coefficients", shape)
        return mfcc_tables(cepstral, height, quant)
    spec = log_mel_of(front_end.parameters)
    _require_width(spec.bands, "bands", shape)
    return log_mel_tables(spec, height, quant)


def _require_width(values: int, what: str, shape: tuple[int, ...]) -> None:
    _, width, channels = shape
    if width * channels != values:
        raise ModelError(f"frames of {values} {what} do not fit an input of {shape}")
