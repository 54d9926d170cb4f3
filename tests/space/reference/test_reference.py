"""Published networks: our counts against the published files and against other implementations."""

from __future__ import annotations

import pytest

from micronas.model.net import shape_graph
from micronas.model.tflite.writer import write as write_tflite
from micronas.space.reference import REFERENCE_NETS
from micronas.space.reference.efficientnet import efficientnet_lite
from micronas.space.reference.mobilenet import mobilenet_v2, mobilenet_v3_minimal
from tests.support.paths import REPOSITORY


@pytest.mark.parametrize("name", REFERENCE_NETS)
def test_every_reference_net_has_a_graph(name):
    net = REFERENCE_NETS[name]()
    graph = shape_graph(net)
    assert len(graph.ops) == len(net.nodes) - 1
    assert net.macs > net.parameters / 2


@pytest.mark.parametrize(
    ("name", "file", "macs"),
    [
        ("mlperf_tiny_kws", "kws_ref_model.tflite", 2_656_768),
        ("mlperf_tiny_vww", "vww_96_int8.tflite", 7_489_664),
        ("mlperf_tiny_ic", "pretrainedResnet_quant.tflite", 12_501_632),
        ("mlperf_tiny_ad", "ad01_int8.tflite", 264_192),
    ],
)
def test_mlperf_tiny_networks_are_the_published_files(name, file, macs, shared_models):
    """Every op, attribute, shape and edge; MACs as stated with the files."""
    from micronas.model.tflite import read

    net = REFERENCE_NETS[name]()
    assert net.macs == macs
    ours, published = shape_graph(net), read(shared_models / file)
    assert [(op.kind, op.attrs) for op in ours.ops] == [(op.kind, op.attrs) for op in published.ops]
    for a, b in zip(ours.ops, published.ops, strict=True):
        weights = 2 if a.kind == "RESHAPE" else 0  # its parameter's value differs, not its meaning
        assert [ours.tensors[t].shape for t in a.inputs[weights:]] == [
            published.tensors[t].shape for t in b.inputs[weights:]
        ]
    made = {t: i for i, op in enumerate(published.ops) for t in op.outputs}
    made_ours = {t: i for i, op in enumerate(ours.ops) for t in op.outputs}
    assert [[made_ours.get(t) for t in op.inputs] for op in ours.ops] == [
        [made.get(t) for t in op.inputs] for op in published.ops
    ]


@pytest.mark.parametrize(
    ("name", "million_ops"),
    [("ds_cnn_s", 5.4), ("ds_cnn_m", 19.8), ("ds_cnn_l", 56.9)],
)
def test_ds_cnn_operations_as_in_the_paper(name, million_ops):
    """Zhang et al. 2017, table 5: operations are multiplications and additions."""
    assert 2 * REFERENCE_NETS[name]().macs / 1e6 == pytest.approx(million_ops, rel=0.02)


@pytest.mark.parametrize(
    ("name", "published_bytes"),
    [
        ("micronet_kws_s", 114_512),
        ("micronet_kws_m", 181_968),
        ("micronet_kws_l", 658_832),
        ("micronet_ad_s", 252_848),
        ("micronet_ad_m", 463_792),
        ("micronet_ad_l", 442_000),
    ],
)
def test_micronets_have_the_size_of_the_published_files(name, published_bytes):
    """Sizes from the model zoo of the paper's authors. Their files carry names, ranges (8 bytes a channel)
    and metadata that ours do not, so the weights must account for all but a small rest."""
    graph = shape_graph(REFERENCE_NETS[name]())
    ours = len(write_tflite(graph))
    channels = sum(len(t.quant.scale) for t in graph.tensors if t.is_constant and len(t.shape) == 4)
    assert -4_000 < published_bytes - ours < 8 * channels + 17_000


@pytest.mark.parametrize(
    ("name", "million_ops"),
    [
        ("micronet_kws_s", 16.4),
        ("micronet_kws_m", 30.6),
        ("micronet_kws_l", 129),
        ("micronet_ad_s", 37.5),
        ("micronet_ad_m", 124.7),
        ("micronet_ad_l", 129),
    ],
)
def test_micronets_operations_as_in_the_paper(name, million_ops):
    """Banbury et al. 2021, table 4: a multiply-accumulate is two operations. Its keyword networks agree if
    half of their 49 rows are counted as 24.5, of which a strided layer makes 25."""
    net = REFERENCE_NETS[name]()
    macs = net.macs
    if net.input_shape[0] == 49:
        stem = 49 * 10 * 10 * 4 * net.shapes[1][-1]
        macs = stem + (macs - stem) * 24.5 / 25
    assert 2 * macs / 1e6 == pytest.approx(million_ops, rel=0.002)


def _deployed_parameters(model):
    """Weights of a Keras model with normalisation folded: one bias per channel, no gamma, mean, variance."""
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    return model.count_params() - sum(3 * layer.beta.shape[0] for layer in norms)


@pytest.fixture(scope="module")
def applications():
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra: search)")
    from micronas.train.tf_logging import import_tensorflow

    import_tensorflow()
    import keras

    return keras.applications


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.35, 0.5])
def test_mobilenet_v2_has_the_parameters_of_keras(width, applications):
    theirs = applications.MobileNetV2((96, 96, 3), alpha=width, weights=None, classes=10)
    assert mobilenet_v2(width, (96, 96, 3), 10).parameters == _deployed_parameters(theirs)


@pytest.mark.slow
def test_mobilenet_v3_minimal_has_the_parameters_of_keras(applications):
    theirs = applications.MobileNetV3Small(
        (96, 96, 3), alpha=0.75, minimalistic=True, weights=None, classes=10, include_preprocessing=False
    )
    assert mobilenet_v3_minimal(0.75, (96, 96, 3), 10).parameters == _deployed_parameters(theirs)


def test_mobilenet_v2_multiplications_as_in_the_paper():
    """Sandler et al. 2018, table 4: 300 M multiply-adds and 3.4 M parameters at 224 x 224."""
    net = mobilenet_v2(1.0, (224, 224, 3), 1000)
    assert net.macs == pytest.approx(300e6, rel=0.02)
    assert net.parameters == pytest.approx(3.4e6, rel=0.03)


def test_efficientnet_lite0_counts_as_published():
    """4.7 M parameters and 407 M multiply-adds are published for lite0."""
    net = efficientnet_lite(1.0, 1.0, (224, 224, 3), 1000)
    assert net.parameters == pytest.approx(4.65e6, rel=0.01)
    assert net.macs == pytest.approx(407e6, rel=0.06)


def test_compound_scaling_grows_all_counts():
    counts = [
        (net.macs, net.parameters)
        for net in (
            efficientnet_lite(w, d, (size, size, 3), 10)
            for w, d, size in ((0.1, 0.25, 48), (0.25, 0.5, 64), (0.5, 0.75, 96), (1.0, 1.1, 128))
        )
    ]
    assert counts == sorted(counts)
    assert [m for m, _ in counts] == sorted(m for m, _ in counts)


@pytest.mark.parametrize("name", REFERENCE_NETS)
def test_documented_counts_hold(name):
    text = (REPOSITORY / "docs" / "background" / "spaces.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("|") and f"`{name}`" in line)
    net = REFERENCE_NETS[name]()
    size = len(write_tflite(shape_graph(net)))
    assert [cell.strip() for cell in row.split("|")[3:6]] == [
        f"{n:,}" for n in (net.macs, net.parameters, size)
    ]
