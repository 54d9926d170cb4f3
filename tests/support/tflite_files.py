"""Changes to .tflite files, and the reader's refusals of them."""

from __future__ import annotations

import pytest
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder

from micronas.errors import ModelError
from micronas.model.tflite import read_bytes


def edited(model: bytes, edit) -> bytes:
    """``model`` with ``edit`` applied to the schema's object form."""
    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    edit(tree)
    builder = Builder(1024)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def refusal(data: bytes) -> str:
    """The message with which ``data`` is refused, remedy included."""
    with pytest.raises(ModelError) as caught:
        read_bytes(data, "model.tflite")
    assert str(caught.value).startswith("model.tflite: ")
    return str(caught.value)
