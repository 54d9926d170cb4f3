"""Strategies on a synthetic task, paired over seeds: which one searches better, in seconds a run.

python -m benchmarks.synthetic_search.run --seeds 20 --trials 80 STRATEGY ...
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats

from benchmarks.synthetic_search.task import GUESSING, Task, error_of, make_task
from benchmarks.synthetic_search.variants import VARIANTS
from micronas.strategy.hypervolume import hypervolume
from micronas.trial import Trial


@dataclass(frozen=True)
class Result:
    """One run. ``quality`` is that of the best network, ``volume`` the share of the box of error, flash and
    SRAM that its networks dominate, both without luck; ``full`` is the median share of the flash in use.
    """

    quality: float
    volume: float
    full: float


def main() -> None:
    options = parse()
    first, seeds = options.strategy[0], range(options.seeds)
    base = [run(first, seed, options.trials) for seed in seeds]
    print(f"{options.trials} trials, {options.seeds} seeds; wins against {first}\n")
    print("| strategy | quality | wins | p | hypervolume | wins | p | flash in use |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.strategy:
        results = base if name == first else [run(name, seed, options.trials) for seed in seeds]
        compared = [
            f"{spread(values)} | {wins(values, others)} | {p_value(values, others)}"
            for values, others in (
                ([r.quality for r in results], [r.quality for r in base]),
                ([r.volume for r in results], [r.volume for r in base]),
            )
        ]
        full = np.mean([r.full for r in results])
        print(f"| {name} | {' | '.join(compared)} | {full:.0%} |", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("strategy", nargs="+", choices=[*VARIANTS], metavar="STRATEGY", help=f"{[*VARIANTS]}")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=80)
    return parser.parse_args()


def run(name: str, seed: int, trials: int) -> Result:
    """One search; no architecture is tried twice while another one is found."""
    task, seen = make_task(), set[str]()
    strategy = VARIANTS[name](
        task, seed, lambda arch: task.space.key(arch) not in seen and task.gate.fits(arch), trials
    )
    done: list[Trial] = []
    for number in range(trials):
        arch = strategy.ask(number)
        seen.add(task.space.key(arch))
        done.append(task.trial(number, arch, seed))
        strategy.tell(done[-1])
    return result_of(task, done)


def result_of(task: Task, trials: Sequence[Trial]) -> Result:
    """The reported network is that of the best reward; what it is worth does not include its luck."""
    complete = [(t, t.scores) for t in trials if t.scores]
    true_error = [error_of(task.space.net(task.space.from_json(t.arch))) for t, _ in complete]
    best = int(np.argmax([scores.reward for _, scores in complete]))
    points = [
        (error / GUESSING, s.flash_bytes / task.budget.flash_bytes, s.sram_bytes / task.budget.sram_bytes)
        for error, (_, s) in zip(true_error, complete, strict=True)
    ]
    return Result(
        1.0 - true_error[best],
        hypervolume(points, (1.0, 1.0, 1.0)),
        float(np.median([p[1] for p in points])),
    )


def spread(values: Sequence[float]) -> str:
    """Mean and standard error."""
    return f"{np.mean(values):.4f} +- {np.std(values, ddof=1) / math.sqrt(len(values)):.4f}"


def wins(values: Sequence[float], base: Sequence[float]) -> str:
    """In how many of the seeds it is better."""
    return f"{sum(a > b for a, b in zip(values, base, strict=True))} of {len(base)}"


def p_value(values: Sequence[float], base: Sequence[float]) -> str:
    """Of Wilcoxon's signed-rank test of the paired differences, two-sided; empty for equal ones."""
    differences = np.subtract(values, base)
    if not differences.any():
        return ""
    return f"{scipy.stats.wilcoxon(differences).pvalue:.3f}"


if __name__ == "__main__":
    main()
