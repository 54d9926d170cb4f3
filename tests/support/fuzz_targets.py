"""What reads bytes from outside, for ``tools/fuzz.py``: model reader, frames, YAML, the store of a run.

Each target has inputs to begin with, among them every kind that once failed, and a function that must return
or raise one of the project's own errors, whatever the bytes.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from micronas.config import parse_config
from micronas.device.framing import MAX_PAYLOAD, Decoder, Frame, encode_frame
from micronas.errors import MicronasError, ModelError
from micronas.host.yaml_text import load_yaml
from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import FullyConnected
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write
from micronas.store import Final, Store
from tests.support.graph_builder import GraphBuilder
from tests.support.random_cases import CASES, random_case
from tests.support.rim_networks import rim_network

MAX_STREAM_BYTES = 4096


@dataclass(frozen=True)
class Target:
    """``run`` must not raise for any bytes but what it promises; ``corpus`` is where mutation begins."""

    run: Callable[[bytes], None]
    corpus: tuple[bytes, ...]


def read_model(data: bytes) -> None:
    """A graph or a ``ModelError`` of one printable line; what was read can be written again."""
    try:
        graph = read_bytes(data, "fuzz.tflite")
    except ModelError as error:
        refused = error.message
    else:
        refused = ""
    assert refused.isprintable(), refused
    if refused:
        return
    assert all(tensor.name.isprintable() or not tensor.name for tensor in graph.tensors)
    write(graph)


def decode_frames(data: bytes) -> None:
    """Frames or noise, in bounded memory; a frame that comes after two delimiters is always found."""
    decoder, wanted = Decoder(), Frame(1, 0x12345678, b"found")
    decoder.feed(data)
    assert wanted in decoder.feed(b"\0\0" + encode_frame(wanted))


def read_yaml(data: bytes) -> None:
    """Plain data or a ``YAMLError``; as a configuration, that or a ``MicronasError``."""
    text = data.decode("utf-8", "replace")
    try:
        value = load_yaml(text)
    except yaml.YAMLError:
        return
    if isinstance(value, dict):
        try:
            parse_config(value)
        except MicronasError:
            return


def open_store(data: bytes) -> None:
    """The run's records and network, or a ``MicronasError``."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "run.sqlite").write_bytes(data)
        try:
            with Store.read(Path(folder)) as store:
                store.records()
                store.final()
                store.model(0)
        except MicronasError:
            return


def _models() -> Iterator[bytes]:
    rng = np.random.default_rng(0)
    yield from (write(random_case(kind, rng)) for kind in sorted(CASES))
    yield from (write(rim_network(dtype)) for dtype in (DType.UINT8, DType.FLOAT32))
    yield from (write(graph) for graph in _once_wrong())


def _once_wrong() -> Iterator[Graph]:
    """Small networks of the kinds that ended in a traceback or a wrong figure once."""
    quant, data = Quant((0.5,), (0,)), np.ones((4, 8), np.int8)
    for inputs in (1, 2):  # a float dense layer with one input, or with -1 for weights
        b = GraphBuilder()
        x, y = b.input((1, 8), None, DType.FLOAT32), b.value((1, 8), None, DType.FLOAT32)
        b.op("FULLY_CONNECTED", [x, -1][:inputs], [y], FullyConnected())
        yield b.graph([y])
    for bias in ([2**31 - 1] * 4, [[1], [2], [3], [4]]):  # sums beyond int32; a bias of rank two
        b = GraphBuilder()
        x, y = b.input((1, 8), quant), b.value((1, 4), quant)
        b.op("FULLY_CONNECTED", [x, b.constant(data, DType.INT8, quant), b.constant(bias, DType.INT32)], [y])
        yield replace(b.graph([y]), ops=(replace(b.ops[0], attrs=FullyConnected()),))


def _frames() -> Iterator[bytes]:
    kinds = ((1, 0), (4, 9), (255, 200))
    yield b"".join(encode_frame(Frame(kind, kind, bytes(range(size)))) for kind, size in kinds)
    yield encode_frame(Frame(3, 0xFFFFFFFF, bytes(MAX_PAYLOAD)))
    yield b"\xff" * MAX_STREAM_BYTES + b"\0"  # an endless frame


def _yaml() -> Iterator[bytes]:
    yield b"data: {name: npz, path: x.npz}\nspace: {name: layerwise}\nseed: 1\n"
    yield b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"  # aliases that double at each level
    yield b"[" * 400
    yield b"seed: 2026-13-01\n"
    yield b"\x00\xff: !!python/object:os.system {}\n"


def _store() -> Iterator[bytes]:
    folder = Path(tempfile.mkdtemp())
    try:
        with Store.create(folder / "run", {"strategy": "random"}) as store:
            store.set_final(Final({"trial": 0}, b"TFL3" * 40))
        with sqlite3.connect(folder / "run" / "run.sqlite") as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        sound = (folder / "run" / "run.sqlite").read_bytes()
        yield sound
        yield sound.replace(b"CREATE TABLE facts", b"CREATE \xffABLE facts")  # SQLite quotes it, not UTF-8
    finally:
        shutil.rmtree(folder)
    yield b"SQLite format 3\0" + bytes(84)


def targets() -> dict[str, Target]:
    """By name."""
    return {
        "model": Target(read_model, tuple(_models())),
        "frames": Target(decode_frames, tuple(_frames())),
        "yaml": Target(read_yaml, tuple(_yaml())),
        "store": Target(open_store, tuple(_store())),
    }
