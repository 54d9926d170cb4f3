"""The baseline networks of the layer-wise space."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.model.net import Pool, shape_graph
from micronas.model.tflite.writer import write as write_tflite
from micronas.space.layerwise import BlockKind, LayerwiseSpace, Limits
from tests.support.layerwise_archs import SHAPES, in_canonical_form


def test_baseline_networks_cover_the_budget_classes():
    """Files for 64 KB, 20 KB and a few KB; largest first; a convolutional and a separable one in each."""
    space = LayerwiseSpace((28, 28, 1), 10, Limits())
    archs = space.baselines()
    sizes = [len(write_tflite(shape_graph(space.net(arch)))) for arch in archs]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(archs)) == len(sizes)
    for low, high in ((24_000, 65_536), (12_000, 20_480), (8_000, 10_000), (0, 7_000)):
        kinds = {a.blocks[0].kind for a, size in zip(archs, sizes, strict=True) if low < size <= high}
        assert kinds == {BlockKind.CONV, BlockKind.SEPARABLE}


def _seen(net):
    """Input positions along the first axis that reach one output of the last windowed layer."""
    reach = 0
    for node in reversed(net.nodes):
        layer = node.layer
        if hasattr(layer, "stride_h"):
            size = layer.pool_h if isinstance(layer, Pool) else layer.kernel_h
            reach = reach * layer.stride_h + (size - 1) * getattr(layer, "dilation_h", 1)
    return reach + 1


@pytest.mark.parametrize(
    ("length", "limits"),
    [
        *((length, Limits()) for length in (40, 64, 128, 400)),
        (64, Limits(max_blocks=3)),
        (128, Limits(max_blocks=3, optional={"dilation": (1, 2, 4, 8)})),
    ],
)
def test_baseline_networks_of_streams_see_the_whole_window(length, limits):
    space = LayerwiseSpace((length, 1, 6), 5, limits)
    seen = [_seen(space.net(arch)) for arch in space.baselines()]
    assert np.mean([field >= length for field in seen]) >= 0.7  # not the dilated ones of long windows
    assert min(seen) >= 40


def test_baseline_networks_of_photographs_keep_their_resolution_where_digits_do_not():
    photographs = LayerwiseSpace((32, 32, 3), 10, Limits()).baselines()
    kept = {arch.blocks[0].kind for arch in photographs if arch.stem.stride == 1}
    assert kept == {BlockKind.CONV, BlockKind.INVERTED}
    for shape in ((28, 28, 1), (49, 40, 1)):
        assert all(arch.stem.stride == 2 for arch in LayerwiseSpace(shape, 10, Limits()).baselines())


def test_the_convolutions_of_photographs_have_residuals_where_the_space_has_them():
    """ResNet-8 is one of the published networks that the designs follow."""
    for options, expected in (({}, False), ({"residual": (False, True)}, True)):
        archs = LayerwiseSpace((32, 32, 3), 10, Limits(optional=options)).baselines()
        plain = [a for a in archs if a.stem.stride == 1 and a.blocks[0].kind is BlockKind.CONV]
        assert plain
        assert {block.residual for arch in plain for block in arch.blocks} == {expected}


def test_spectrograms_begin_with_the_plan_of_ds_cnn_among_others():
    for shape in ((49, 10, 1), (49, 40, 1)):
        archs = LayerwiseSpace(shape, 12, Limits()).baselines()
        kinds = [{block.kind for block in arch.blocks} for arch in archs]
        assert {BlockKind.SEPARABLE} in kinds
        assert {BlockKind.CONV} in kinds


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "limits", [Limits(), Limits(4, 4, 8, 8, (5,), (3,)), Limits(1, 1, 4, 12, (3, 7), (6,))]
)
def test_baseline_networks_obey_any_limits(shape, limits):
    space = LayerwiseSpace(shape, 3, limits)
    for arch in space.baselines():
        assert in_canonical_form(space, arch) == arch
