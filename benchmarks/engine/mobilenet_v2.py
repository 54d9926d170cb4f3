"""Arenas of MobileNetV2 op by op, by rows, and without a frame buffer, beside published peaks of patches.

    python -m benchmarks.engine.mobilenet_v2

Memory plans and their prices alone: nothing is built or run. The networks are those of Keras, with random
weights, because no arena depends on weights. Latencies are modelled, of a NUCLEO-H743ZI2.
"""

from __future__ import annotations

import argparse
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO

import numpy as np

from micronas.board import Board, load_board
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.row_source import fed_by_rows
from micronas.memory.ledger import make_ledger
from micronas.memory.ledger.row_input import plan_with_row_input
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes

BOARD = "nucleo_h743zi2"
NETWORKS = {"width 1.0, 224 x 224": (1.0, 224), "width 0.35, 144 x 144": (0.35, 144)}
"""Name -> width multiplier, and pixels a side."""


@dataclass(frozen=True)
class Arena:
    """A plan's arena, and its modelled cycles; ``plan_s`` is what it took to find, in CPU seconds."""

    plan: str
    nbytes: int
    cycles: float
    plan_s: float


def mobilenet_v2(width: float, side: int) -> Graph:
    """The int8 network for 1,000 classes, without a softmax."""
    import tensorflow as tf

    tf.keras.utils.set_random_seed(0)
    model = tf.keras.applications.MobileNetV2(
        (side, side, 3), alpha=width, weights=None, classes=1000, classifier_activation=None
    )
    images = np.random.default_rng(0).uniform(-1, 1, (4, side, side, 3)).astype(np.float32)
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(images, training=True)  # sets the moving averages, so that no activation vanishes
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with redirect_stdout(StringIO()):
        data = converter.convert()
    return read_bytes(data, "mobilenet_v2")


def arenas(graph: Graph, board: Board) -> list[Arena]:
    """The smallest plan op by op, the one by rows, and those whose input comes row by row."""
    found = []
    for prefer in (Prefer.SRAM, Prefer.ROWS):
        start_s = time.process_time()
        ledger = make_ledger(graph, board, prefer=prefer)
        took_s = time.process_time() - start_s
        cycles = priced(graph, board, ledger.lowered)
        found.append(Arena(f"prefer: {prefer}", ledger.plan.arena_bytes, cycles, took_s))
    for prefer in (Prefer.AUTO, Prefer.SRAM):
        start_s = time.process_time()
        rows = plan_with_row_input(graph, Target(board.core), board, prefer)
        took_s = time.process_time() - start_s
        cycles = priced(fed_by_rows(graph), board, rows.lowered)
        found.append(Arena(f"input by rows, prefer: {prefer}", rows.plan.arena_bytes, cycles, took_s))
    return found


def priced(graph: Graph, board: Board, lowered: tuple[Lowered, ...]) -> float:
    """Modelled cycles of all steps."""
    cycles = step_cycles(graph, board)
    assert cycles is not None, "the board has a timing model"
    return sum(map(cycles, lowered))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    board = load_board(BOARD)
    print("| network | plan | arena, bytes | modelled cycles | CPU s to plan |\n|---|---|---|---|---|")
    for name, (width, side) in NETWORKS.items():
        graph = mobilenet_v2(width, side)
        for arena in arenas(graph, board):
            cells = f"{arena.nbytes:,} | {arena.cycles / 1e6:.1f} M | {arena.plan_s:.1f}"
            print(f"| {name} | {arena.plan} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
