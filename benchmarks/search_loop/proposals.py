"""What refusing a proposal costs: the gate's quick answer against the whole ledger's, which must be the same.

python benchmarks/search_loop/proposals.py search_configs/mnist5k.yaml --board nucleo_f446re --space cell
python benchmarks/search_loop/proposals.py search_configs/mnist5k.yaml --board nucleo_f446re --space cell \\
    --count 300 --quick  # the quick answer alone, in a third of the time; the table of 28 November 2026
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from micronas.config import load_config
from micronas.search.gate import LedgerGate
from micronas.search.setup import Setup, prepare
from micronas.space import Arch

SEED = 11
WARM_UP = 40
"""Other networks first, with ``--quick``."""


def main() -> None:
    options = parse()
    given = {"space.name": options.space, "board": options.board}
    config = load_config(options.config, {key: value for key, value in given.items() if value})
    setup = prepare(config)
    archs = [setup.space.sample(np.random.default_rng([SEED, i])) for i in range(2 * options.count)]
    if options.quick:
        print_quick(setup, archs[: options.count], archs[options.count :][:WARM_UP])
        return
    quick, whole = (LedgerGate(setup.space, setup.board, config.runtime, setup.budget) for _ in range(2))
    for arch in archs[options.count :]:  # fills what is cached by layer, for both
        whole.verdict(arch)
    quick_s, fits = timed(quick.fits, archs[: options.count])
    whole_s, expected = timed(lambda arch: whole.verdict(arch).fits, archs[: options.count])
    if fits != expected:
        raise SystemExit("the quick answer differs from the ledger's")
    print(
        f"{options.config.name}, {config.space.name}, {config.runtime}: {sum(fits)} of {options.count} fit; "
        f"CPU ms per proposal: {1e3 * quick_s:.1f} quick, {1e3 * whole_s:.1f} by the whole ledger"
    )


def print_quick(setup: Setup, archs: Sequence[Arch], others: Sequence[Arch]) -> None:
    """``LedgerGate.fits`` in a loop, once ``others`` have filled what is cached by layer."""
    gate = LedgerGate(setup.space, setup.board, setup.config.runtime, setup.budget)
    timed(gate.fits, others)
    quick_s, fits = timed(gate.fits, archs)
    name = f"{setup.config.space.name} on {setup.board.name}"
    print(f"{name}: {sum(fits)} of {len(archs)} fit; CPU ms per proposal: {1e3 * quick_s:.1f} quick")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("--space", help="overrides space.name")
    parser.add_argument("--board", help="overrides board")
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--quick", action="store_true", help="the quick answer alone, without a comparison")
    return parser.parse_args()


def timed(answer: Callable[[Arch], bool], archs: Sequence[Arch]) -> tuple[float, list[bool]]:
    """CPU seconds per architecture, and the answers."""
    start = time.process_time()
    answers = [answer(arch) for arch in archs]
    return (time.process_time() - start) / len(archs), answers


if __name__ == "__main__":
    main()
