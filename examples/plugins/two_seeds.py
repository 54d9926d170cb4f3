"""An estimator of your own: train each candidate with two seeds, count the worse result.

mn.search("small.yaml", board="nucleo_f446re", estimator=two_seeds)
estimator: {name: "two_seeds:two_seeds"}           # the same in YAML, run from this folder
"""

import micronas as mn


def two_seeds(candidate: mn.Candidate) -> mn.Estimate:
    """Return one of the estimates; ``candidate.train(epochs=..., stop=...)`` can also train for less."""
    estimates = [candidate.train(seed=candidate.seed + i) for i in range(2)]
    return min(estimates, key=lambda each: each.quality_int8)
