"""Arenas of the networks for which msf-CNN publishes peak memory, by rows and without a frame buffer.

    python -m benchmarks.engine.fused_layers

msf-CNN fuses layers and computes the tiles of a fused block one after the other; where tiles overlap, it
computes again. The networks are chains of convolutions without residual additions, pooling and classifier;
they are built here from the list of layers in ``analysis_optimization.py`` of github.com/TinyPART/msf-CNN
(commit 9632d3e9), and have as many multiplications as the published results state. ``PUBLISHED`` is from its
``msf_CNN_eval_models/result.json``: ``peak_mem_usage`` and ``Overhead Factor``. Its input is not in these
peaks, and no tensor of ours is the input, either, where it comes row by row. Memory plans and their prices
alone: nothing is built or run.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.engine.mobilenet_v2 import arenas
from micronas.board import load_board
from micronas.model.graph import Graph
from micronas.model.net import Conv, DepthwiseConv, Net, NetBuilder, shape_graph

BOARD = "nucleo_f767zi"


@dataclass(frozen=True)
class Block:
    """Expansion by a 1x1 convolution, a depthwise convolution and a 1x1 convolution to ``channels``."""

    expansion: int
    channels: int
    stride: int = 1
    taps: int = 3


@dataclass(frozen=True)
class Fused:
    """A network of ``side`` x ``side`` x 3, and its published ``multiplications``.

    ``peaks`` are the published peaks in bytes, each with the factor by which its multiplications are more.
    """

    side: int
    stem: int
    blocks: Sequence[Block]
    multiplications: int
    peaks: Mapping[int, float]
    slim: int = 0
    """Channels behind a depthwise convolution without expansion that follows the stem, if there is one."""
    last: int = 0
    """Channels of a 1x1 convolution at the end, if there is one."""


MOBILENET_V2 = (
    Block(1, 5),
    *(Block(6, 8, 2), Block(6, 8)),
    *(Block(6, 11, 2), *[Block(6, 11)] * 2),
    *(Block(6, 22, 2), *[Block(6, 22)] * 3),
    *[Block(6, 33)] * 3,
    *(Block(6, 56, 2), *[Block(6, 56)] * 2),
    Block(6, 112),
)
MCUNET_VWW = (
    *(Block(6, 16, 2), Block(3, 16), Block(3, 16)),
    *(Block(3, 24, 2, 7), Block(6, 24), Block(5, 24, 1, 5)),
    *(Block(6, 40, 2, 7), Block(6, 40, 1, 7), Block(6, 48), Block(4, 48)),
    *(Block(5, 96, 2, 5), Block(5, 96), Block(4, 96), Block(3, 160, 1, 7)),
)
MCUNET_320KB = (
    *(Block(3, 16, 2, 7), Block(5, 16), Block(5, 16, 1, 7), Block(4, 16, 1, 5)),
    *(Block(5, 24, 2, 5), Block(5, 24, 1, 5), Block(5, 24, 1, 5)),
    *(Block(5, 40, 2), Block(6, 40, 1, 7), Block(4, 40, 1, 5)),
    *(Block(5, 48, 1, 5), Block(5, 48, 1, 7), Block(5, 48)),
    *(Block(6, 96, 2), Block(5, 96, 1, 7), Block(4, 96), Block(5, 160, 1, 7)),
)

PUBLISHED = {
    "MBV2-w0.35-r144": Fused(
        *(144, 11, MOBILENET_V2, 18_909_490),
        {181_440: 1.0, 83_133: 1.02, 25_803: 1.25, 15_199: 1.38, 8_560: 1.68},
        last=448,
    ),
    "MCUNetv2-vww-5fps-r80": Fused(
        *(80, 16, MCUNET_VWW, 11_578_496),
        {89_600: 1.0, 45_283: 1.02, 26_240: 1.11, 17_904: 1.35, 15_368: 1.96},
        slim=8,
    ),
    "MCUNet-320KB-ImageNet-r176": Fused(
        *(176, 16, MCUNET_320KB, 81_625_520),
        {247_808: 1.0, 217_891: 1.04, 156_864: 1.37, 94_224: 1.45, 63_456: 2.02, 51_164: 2.69},
        slim=8,
    ),
}


def net_of(fused: Fused) -> Net:
    """Its layers; strided ones have as many outputs with the padding of TFLite as with that of PyTorch."""
    net = NetBuilder((fused.side, fused.side, 3))
    net.chain(Conv(fused.stem, 3, 3, 2, 2))
    if fused.slim:
        net.chain(DepthwiseConv(3, 3), Conv(fused.slim, 1, 1))
    for block in fused.blocks:
        taps, stride = block.taps, block.stride
        net.chain(
            Conv(block.expansion * net.shape()[2], 1, 1),
            DepthwiseConv(taps, taps, stride, stride),
            Conv(block.channels, 1, 1),
        )
    if fused.last:
        net.chain(Conv(fused.last, 1, 1))
    return net.build()


def graph_of(name: str) -> Graph:
    """The network called ``name``, without weights."""
    return shape_graph(net_of(PUBLISHED[name]), name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    board = load_board(BOARD)
    print("| network | plan | arena or peak, bytes | work | CPU s to plan |\n|---|---|---|---|---|")
    for name, fused in PUBLISHED.items():
        for peak, factor in fused.peaks.items():
            print(f"| {name} | msf-CNN, published | {peak:,} | {factor:.2f} x | |")
        for arena in arenas(graph_of(name), board):
            cells = f"{arena.nbytes:,} | {arena.cycles / 1e6:.1f} M cycles, modelled | {arena.plan_s:.1f}"
            print(f"| {name} | {arena.plan} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
