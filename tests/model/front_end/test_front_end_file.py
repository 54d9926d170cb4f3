"""``front_end.json``: everything that it holds comes back, and what is no such file is refused plainly."""

from __future__ import annotations

import json

import numpy as np
import pytest

from micronas.data.dataset import DataKind, Dataset, DataSplit, SealedTest
from micronas.data.front_end.file import front_end_file
from micronas.errors import ModelError
from micronas.model.front_end import FrontEnd, LogMel, from_json, to_json
from micronas.model.front_end.log_mel import log_mel_of

SPEC = LogMel(16000, window=480, hop=320, fft=512, bands=40, low_hz=20, high_hz=8000)
STREAM = FrontEnd("stream", 1, {"columns": "ax,ay", "window": 4, "mean": [0.5, -1.0], "spread": [2.0, 1.0]})


def dataset(front_end, shape=(4, 1, 2), kind=DataKind.STREAM):
    split = DataSplit(np.zeros((3, *shape), np.float32), np.arange(3, dtype=np.int64) % 2)
    return Dataset("toy", kind, split, split, SealedTest(split), ("a", "b\udc80"), (-1.0, 1.5), front_end)


@pytest.mark.parametrize("front_end", [STREAM, SPEC.front_end, FrontEnd("none", 1)], ids=lambda f: f.name)
def test_a_file_holds_what_the_data_set_says(front_end):
    file = front_end_file(dataset(front_end))
    assert from_json(json.loads(json.dumps(to_json(file))), "x.json") == file
    assert file.labels == ("a", "b\udc80")
    assert (file.input_shape, file.input_range, file.kind) == ((4, 1, 2), (-1.0, 1.5), "stream")


def test_the_parameters_of_a_spectrogram_come_back():
    stored = json.loads(json.dumps(to_json(front_end_file(dataset(SPEC.front_end)))))
    assert log_mel_of(from_json(stored, "x.json").front_end.parameters) == SPEC


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format 2 is unknown"),
        ({"parameters": {"rate_hz": None}}, "rate_hz"),
        ({"input": {"shape": [1]}}, "range"),
        ({"thresholds": []}, "AttributeError"),
    ],
)
def test_another_file_is_refused_by_its_name(change, said):
    with pytest.raises(ModelError, match=said) as refused:
        from_json({**to_json(front_end_file(dataset(STREAM))), **change}, "best/front_end.json")
    assert "best/front_end.json" in str(refused.value)


def test_the_unit_of_pictures_is_their_largest_value():
    for name, divide_by in (("image", 255), ("grey", 16)):
        front_end = FrontEnd(name, 1, {"height": 8, "width": 8, "divide_by": divide_by})
        file = front_end_file(dataset(front_end, (8, 8, 1), DataKind.IMAGE))
        assert file.unit == f"pixels 0 to {divide_by}"


def test_a_list_is_refused():
    with pytest.raises(ModelError, match="'list'"):
        from_json([], "x.json")
