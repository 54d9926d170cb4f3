"""How often shared weights that rank by chance keep the search, and how often good ones lose it.

    python -m benchmarks.supernet.chance

Simulated: networks whose qualities and scores with shared weights are normal, with the correlation that gives
Kendall's tau over all of them, sin(pi tau / 2). The sample of a run has networks of all ranks, so they are
easier to order than as many random ones, which the last column has. The rule of a run decides after each of
them, in the order of a run. Nothing is trained.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import numpy.typing as npt

from micronas.config.estimator import SupernetConfig
from micronas.estimate.agreement import TRUSTED_TAU, agreement
from micronas.search.subnets.search import Subnet
from micronas.search.subnets.strategy import by_reward, decision, sample_of_ranks

SUPERNET = SupernetConfig()
SIZE = SUPERNET.sample
"""The size of the sample, by default."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"continue with shared weights (tau of the sample at least {TRUSTED_TAU:g}):\n")
    print(f"| tau over all networks | sample of {SIZE} | sample of {2 * SIZE} | {SIZE} random networks |")
    print("|---|---|---|---|")
    for tau in (0.0, 0.3, 0.5, 0.7, 0.9):
        shares = [continuing(tau, size, options.repeats, options.seed) for size in (SIZE, 2 * SIZE)]
        shares.append(continuing(tau, SIZE, options.repeats, options.seed, subnets=SIZE))
        print(f"| {tau:g} | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |")


def continuing(tau: float, size: int, repeats: int, seed: int = 0, subnets: int = SUPERNET.subnets) -> float:
    """The share of runs that continue with shared weights whose Kendall's tau over all networks is ``tau``.

    ``size`` is that of the sample of ``subnets`` networks.
    """
    rng = np.random.default_rng(seed)
    correlation = math.sin(math.pi * tau / 2)
    noise = math.sqrt(1.0 - correlation**2)
    kept = 0
    for _ in range(repeats):
        shared, other = rng.standard_normal((2, subnets))
        scored = by_reward([_subnet(number, value) for number, value in enumerate(shared)])
        numbers = [int(one.key) for one in sample_of_ranks(scored, size)]
        kept += not declines(shared[numbers], correlation * shared[numbers] + noise * other[numbers])
    return kept / repeats


def declines(shared: npt.NDArray[np.float64], alone: npt.NDArray[np.float64]) -> bool:
    """Whether a run declines; the networks are trained alone in this order."""
    for trained in range(1, len(shared) + 1):
        ranking = agreement("supernet", shared[:trained].tolist(), alone[:trained].tolist())
        decided = decision(ranking, is_whole=trained == len(shared))
        if decided is not None:
            return decided
    return False


def _subnet(number: int, score: float) -> Subnet:
    return Subnet(arch=None, key=str(number), quality_shared=score, reward=score)


if __name__ == "__main__":
    main()
