"""The portable kernels against TFLite's reference algorithm, on cores without the DSP extension.

    python -m benchmarks.engine.portable

No build of TFLite Micro for these cores can be had from a package registry, so the baseline is our own
transcription of its reference algorithm (``reference/``). How well it stands for the original is printed
first: the transcription on a Cortex-M4F beside the instructions that TFLite Micro's reference kernels were
measured to take there, by the same compiler and emulator. Exit code 1 if a network takes more than half of
the transcription, or an output differs from TFLite Micro's.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from benchmarks.engine.emulate import emulate
from benchmarks.engine.run import MODELS, NAMES
from micronas.board import Core
from micronas.model.graph import Graph
from micronas.model.tflite import read
from tests.support.oracle import random_inputs, run_tflm

TFLM_REFERENCE_ON_M4F = {
    "kws_ref_model": 43.04e6,
    "vww_96_int8": 100.25e6,
    "pretrainedResnet_quant": 107.40e6,
    "ad01_int8": 1.952e6,
    "str_ww_ref_model": 8.287e6,
}
"""Instructions of TFLite Micro's own reference kernels (gcc 12.2, QEMU)."""
MOST = 0.5


def main() -> int:
    """Print the table."""
    head = f"{'network':24s}{'M4F: TFLM':>12s}{'transcribed':>12s}{' error':>7s}"
    print(head + "".join(f"{f'{c}: baseline':>18s}{'ours':>9s}{'':>7s}" for c in ("M3", "M0+")))
    problems = []
    for name in NAMES:
        graph = read(MODELS / f"{name}.tflite")
        inputs = random_inputs(graph, np.random.default_rng(1), 1)
        wanted = run_tflm(graph, inputs, (MODELS / f"{name}.tflite").read_bytes())
        transcribed = instructions(graph, inputs, wanted, Core.M4F, reference=True)
        published = TFLM_REFERENCE_ON_M4F[name]
        line = (
            f"{name:24s}{published / 1e6:12.2f}{transcribed / 1e6:12.2f}{transcribed / published - 1:+7.1%}"
        )
        for core in (Core.M3, Core.M0PLUS):
            baseline = instructions(graph, inputs, wanted, core, reference=True)
            ours = instructions(graph, inputs, wanted, core, reference=False)
            line += f"{baseline / 1e6:18.2f}{ours / 1e6:9.2f}{ours / baseline:7.1%}"
            problems += [f"{name} on {core.name}: more than half"] if ours > MOST * baseline else []
        print(line)
    print("\n".join(problems) if problems else "at most half of the baseline everywhere; every output equal")
    return 1 if problems else 0


def instructions(
    graph: Graph,
    inputs: list[npt.NDArray[np.generic]],
    wanted: list[npt.NDArray[np.generic]],
    core: Core,
    *,
    reference: bool,
) -> int:
    """Instructions of one inference, whose outputs must be TFLite Micro's."""
    emulated = emulate(graph, [x[0] for x in inputs], core, reference)
    expected = np.concatenate([y.reshape(-1) for y in wanted])
    assert np.array_equal(emulated.outputs, expected), f"{graph.name} on {core.name}: wrong output"
    return sum(emulated.instructions)


if __name__ == "__main__":
    sys.exit(main())
