"""Tasks, samples and scores of MLPerf Tiny's script, and what its result lines say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.deploy.mlperf.firmware import RunMode, mlperf_header
from micronas.deploy.mlperf.result import source_of
from micronas.deploy.mlperf.samples import random_load, read_files
from micronas.deploy.mlperf.score import auc, macro_auc, top1
from micronas.deploy.mlperf.task import TASKS, choose_task
from micronas.errors import ConfigError, DataError, ModelError
from micronas.model.graph import DType, Graph, Op, Quant
from micronas.model.op_attributes import NoAttrs
from micronas.model.tflite import read
from micronas.trial import Source

MODELS = {
    "kws01": "kws_ref_model.tflite",
    "vww01": "vww_96_int8.tflite",
    "ic01": "pretrainedResnet_quant.tflite",
    "ad01": "ad01_int8.tflite",
    "sww01": "str_ww_ref_model.tflite",
}


def model(shared_models: Path, task: str) -> Graph:
    return read(shared_models / MODELS[task])


@pytest.mark.parametrize("task", MODELS)
def test_a_published_network_is_known_by_its_shapes(shared_models: Path, task: str) -> None:
    graph = model(shared_models, task)
    assert choose_task(None, graph).name == choose_task(task, graph).name == task


def test_the_bytes_of_an_input_are_the_protocols() -> None:
    assert {name: task.input_bytes for name, task in TASKS.items()} == {
        "kws01": 490,
        "vww01": 96 * 96 * 3,
        "ic01": 32 * 32 * 3,
        "ad01": 2560,
        "sww01": 30 * 40,
    }
    assert {name: len(random_load(task)) for name, task in TASKS.items()} == {
        name: task.input_bytes for name, task in TASKS.items()
    }


def test_a_network_with_uint8_input_gets_the_pixels_as_they_are(shared_models: Path) -> None:
    graph = model(shared_models, "ic01")
    pixels = with_uint8_input(graph, zero_point=0)
    for network, stored in ((graph, "MN_MLPERF_UINT8"), (pixels, "MN_MLPERF_INT8")):
        task = choose_task(None, network)
        header = mlperf_header(load_board("nucleo_f446re"), task, RunMode.PERFORMANCE, None)
        assert task.name == "ic01"
        assert f"#define MN_MLPERF_INPUT {stored}\n" in header
        assert len(random_load(task)) == 32 * 32 * 3
    with pytest.raises(ModelError, match="input's zero point is 3, but pixels are loaded as bytes"):
        choose_task("ic01", with_uint8_input(graph, zero_point=3))
    with pytest.raises(ModelError, match="its input is uint8, not int8"):
        choose_task("kws01", with_uint8_input(model(shared_models, "kws01"), zero_point=0))


def with_uint8_input(graph: Graph, zero_point: int) -> Graph:
    """``graph`` behind a QUANTIZE from uint8, as the converter writes it."""
    (old,), new = graph.inputs, len(graph.tensors)
    tensor = graph.tensors[old]
    assert tensor.quant is not None
    rim = replace(tensor, dtype=DType.UINT8, quant=Quant(tensor.quant.scale, (zero_point,)))
    return replace(
        graph,
        tensors=(*graph.tensors, rim),
        ops=(Op("QUANTIZE", (new,), (old,), NoAttrs()), *graph.ops),
        inputs=(new,),
    )


def test_a_network_of_another_task_is_refused_with_both_figures(shared_models: Path) -> None:
    with pytest.raises(
        ModelError,
        match=r"input has 490 elements, the task has 3072.*output has "
        r"12 elements",
    ):
        choose_task("ic01", model(shared_models, "kws01"))
    with pytest.raises(ConfigError, match="unknown"):
        choose_task("sww02", model(shared_models, "kws01"))
    with pytest.raises(ConfigError, match="does not match the inputs and outputs of any MLPerf Tiny task"):
        choose_task(None, read(shared_models / "hello_world_int8.tflite"))


def test_keyword_samples_are_taken_as_they_are_or_quantized(shared_models: Path, tmp_path: Path) -> None:
    graph = model(shared_models, "kws01")
    tensor = graph.tensors[graph.inputs[0]]  # scale 0.5847029, zero point 83
    x = np.arange(-245, 245).clip(-128, 127).astype(np.int8).reshape(1, 49, 10)
    y = np.array([3], np.uint8)
    np.savez(tmp_path / "raw.npz", x=x, y=y)
    (file,) = read_files(tmp_path / "raw.npz", TASKS["kws01"], tensor)
    assert (file.loads, file.label) == ((x.tobytes(),), 3)
    np.savez(tmp_path / "scaled.npz", x=x, y=y, scale=np.float32(1.1694058), zero_point=np.int32(-2))
    (file,) = read_files(tmp_path / "scaled.npz", TASKS["kws01"], tensor)
    expected = np.clip(2 * (x.astype(int) + 2) + 83, -128, 127).astype(np.int8)
    assert np.frombuffer(file.loads[0], np.int8).tolist() == expected.ravel().tolist()
    np.savez(tmp_path / "real.npz", x=(x.astype(np.float32) + 2) * np.float32(1.1694058), y=y)
    assert read_files(tmp_path / "real.npz", TASKS["kws01"], tensor)[0].loads == file.loads


def test_anomaly_files_are_cut_into_sliding_windows(shared_models: Path, tmp_path: Path) -> None:
    graph = model(shared_models, "ad01")
    x = np.arange(2 * 8 * 128, dtype=np.float32).reshape(2, 8, 128)
    np.savez(tmp_path / "ad.npz", x=x, y=np.array([0, 1]))
    files = read_files(tmp_path / "ad.npz", TASKS["ad01"], graph.tensors[graph.inputs[0]])
    assert [len(file.loads) for file in files] == [4, 4]  # 8 - 5 + 1
    assert files[1].loads[2] == x[1, 2:7].astype("<f4").tobytes()
    assert files[1].label == 1


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((2, 32, 32, 3), np.uint8)}, "no array y"),
        ({"x": np.zeros((2, 32, 32, 3), np.int8), "y": np.zeros(2, int)}, "x is int8, ic01 takes uint8"),
        ({"x": np.zeros((2, 32, 32), np.uint8), "y": np.zeros(2, int)}, "takes"),
        ({"x": np.zeros((2, 32, 32, 3), np.uint8), "y": np.zeros(3, int)}, "2 samples and 3 labels"),
        ({"x": np.zeros((2, 32, 32, 3), np.uint8), "y": np.zeros(2)}, "labels"),
        ({"x": np.zeros((0, 32, 32, 3), np.uint8), "y": np.zeros(0, int)}, "0 samples"),
    ],
)
def test_unfit_samples_are_refused(
    shared_models: Path, tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    graph = model(shared_models, "ic01")
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_files(tmp_path / "x.npz", TASKS["ic01"], graph.tensors[graph.inputs[0]])


def test_what_is_no_npz_is_refused(shared_models: Path, tmp_path: Path) -> None:
    graph = model(shared_models, "ic01")
    (tmp_path / "x.npz").write_text("no")
    for name in ("x.npz", "absent.npz"):
        with pytest.raises(DataError, match=name):
            read_files(tmp_path / name, TASKS["ic01"], graph.tensors[graph.inputs[0]])


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, 60)  # many ties
    positive = rng.random(60) < 0.4
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[positive] for n in scores[~positive]]
    assert auc(list(scores), list(positive)) == pytest.approx(np.mean(pairs))
    with pytest.raises(DataError, match="both classes"):
        auc([1.0, 2.0], [True, True])


def test_top1_and_the_mean_auc_over_classes() -> None:
    results = [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.3, 0.6], [0.4, 0.35, 0.25]]
    labels = [0, 1, 2, 1]
    assert top1(results, labels) == 0.75
    # class 0: 0.7 above 0.3, 0.1, 0.4; class 1: 0.6 and 0.35 above 0.2 and 0.3; class 2: 0.6 above all
    assert macro_auc(results, labels) == 1.0
    assert macro_auc(results, [1, 0, 2, 1]) == pytest.approx((1 / 3 + 1 / 4 + 1) / 3)


def test_only_a_cores_cycles_on_a_board_are_measured() -> None:
    assert source_of("cycles", emulated=False) is Source.MEASURED
    assert source_of("cycles", emulated=True) is Source.EMULATED
    assert source_of("instructions", emulated=False) is Source.EMULATED
