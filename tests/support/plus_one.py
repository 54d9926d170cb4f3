"""The network that the fake board computes (it adds one), its samples, and a measurement of it."""

from __future__ import annotations

import numpy as np

from micronas.board import load_board
from micronas.deploy.measure import WARM_UP_RUNS, Array, Measurement, measure
from micronas.device.client import Client
from micronas.device.serial_link import SerialLink
from micronas.model.graph import DType, Graph, Op, Tensor
from tests.support.fake_board import BUILD_ID, SIZE, FakeBoard

BOARD = load_board("nucleo_f446re")
SAMPLES: list[Array] = [np.arange(3 * SIZE, dtype=np.int8).reshape(3, SIZE)]
EXPECTED: list[Array] = [SAMPLES[0] + np.int8(1)]


def plus_one_graph() -> Graph:
    """What the fake board computes: one op that adds one, one that copies."""
    tensors = tuple(Tensor(name, (1, SIZE), DType.INT8) for name in ("x", "y", "z"))
    ops = (Op("ADD", (0,), (1,)), Op("RESHAPE", (1,), (2,)))
    return Graph("plus_one", tensors, ops, (0,), (2,))


def measure_on(
    board: FakeBoard, *, emulated: bool = False, build_id: bytes = BUILD_ID, warm_up: int = WARM_UP_RUNS
) -> Measurement:
    with SerialLink(board.port, 115200, emulated=emulated) as link:
        client = Client(link)
        return measure(client, plus_one_graph(), BOARD, SAMPLES, EXPECTED, build_id=build_id, warm_up=warm_up)
