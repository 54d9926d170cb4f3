"""Flash misses from the log of blocks against those from a log of every instruction.

    python -m benchmarks.latency.check_addresses [NETWORK]    # str_ww_ref_model: a minute

In the log of blocks a few addresses of loads are not known (docs/background/latency_model.md). With QEMU's
``-singlestep`` every instruction is logged with its registers, so that all are. What counting costs is
printed too: CPU seconds of compiler, emulator and this process.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

from benchmarks.engine.run import MODELS
from benchmarks.latency.harness import Harness
from micronas.board import Core
from micronas.latency.core_model import accelerators
from micronas.latency.counts.classes import ClassCounts
from micronas.model.tflite import read


def cpu_s() -> float:
    """Of this process and those that it has waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> int:
    """Print both; exit code 1 if data misses differ by more than 5 % or instruction misses at all."""
    name = sys.argv[1] if len(sys.argv) > 1 else "str_ww_ref_model"
    graph = read(MODELS / f"{name}.tflite")
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Core.M4F, [accelerators()["stm32l4"]], Path(folder))
        start_s = cpu_s()
        blocks = sum(harness.count(graph).counts[0], ClassCounts())
        between_s = cpu_s()
        single = sum(harness.count(graph, single=True).counts[0], ClassCounts())
        costs = f"{between_s - start_s:.1f} CPU s by blocks, {cpu_s() - between_s:.1f} by instructions"
    print(f"{name}: data misses {blocks.flash_data:.0f} by blocks, {single.flash_data:.0f} by instructions")
    print(f"instruction misses {blocks.flash_insn:.0f} and {single.flash_insn:.0f}")
    print(f"counting {blocks.insn / 1e6:.2f} M instructions took {costs}")
    off = abs(blocks.flash_data / single.flash_data - 1.0)
    return int(off > 0.05 or blocks.flash_insn != single.flash_insn)


if __name__ == "__main__":
    sys.exit(main())
