"""Files that are no .npz, for every verb that reads one: the path, what it is instead, and what to do."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from micronas.data.npz_file import read_arrays
from micronas.deploy.mlperf.samples import read_files
from micronas.deploy.mlperf.task import TASKS
from micronas.errors import DataError
from micronas.model.net import shape_graph
from micronas.space.reference import reference_net


def npz(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


WHOLE = npz(x=np.arange(300), y=np.zeros(3))


@pytest.mark.parametrize(
    ("content", "complaint", "remedy"),
    [
        (npy(), "one bare array", "savez"),
        (b"", "the file is empty", "savez"),
        (b"hello", "not an .npz file", "savez"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer", "git lfs pull"),
        (WHOLE[: len(WHOLE) // 2], "damaged", "again"),
        (WHOLE.replace(b"NUMPY", b"NVMPY"), "damaged", "again"),
        (npz(x=np.array([{}, 1], dtype=object)), "Python objects", "dtype"),
    ],
)
def test_a_file_that_is_no_npz_is_refused_with_what_it_is(
    tmp_path: Path, content: bytes, complaint: str, remedy: str
) -> None:
    path = tmp_path / "samples.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=complaint) as refusal:
        read_arrays(path)
    assert str(path) in refusal.value.message
    assert "pickle" not in str(refusal.value)
    assert remedy in (refusal.value.remedy or "")


def test_folders_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "samples.npz").write_bytes(WHOLE)
    with pytest.raises(DataError, match="is a folder"):
        read_arrays(tmp_path)
    with pytest.raises(DataError, match="data file not found") as refusal:
        read_arrays(tmp_path / "sample.npz")
    assert refusal.value.remedy == f"did you mean {tmp_path / 'samples.npz'}?"


def test_arrays_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(npz(b=np.zeros(2), a=np.ones(1)))
    assert list(read_arrays(tmp_path / "a.npz")) == ["b", "a"]


def test_the_accuracy_script_takes_no_samples_that_are_not_finite(tmp_path: Path) -> None:
    x = np.zeros((2, 490), np.float32)
    x[1, 7] = np.nan
    path = tmp_path / "a.npz"
    path.write_bytes(npz(x=x, y=np.array([0, 1])))
    graph = shape_graph(reference_net("ds_cnn_s"))
    with pytest.raises(DataError, match="NaN or infinity, 1 of 980 values"):
        read_files(path, TASKS["kws01"], graph.tensors[graph.inputs[0]], None)
