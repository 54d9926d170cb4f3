"""A search strategy of your own: mutate the best network so far, or draw a new one every third time.

mn.search("small.yaml", board="nucleo_f446re", strategy=SmallSteps)
strategy: {name: "small_steps:SmallSteps"}         # the same in YAML, run from this folder
"""

import numpy as np


class SmallSteps:
    """Depends on seed, trial number and reported trials only, so that an interrupted run resumes exactly."""

    def __init__(self, space, seed, accept):
        self.space, self.seed, self.accept = space, seed, accept
        self.best = None

    def ask(self, number):
        """The architecture of trial ``number``; ``accept`` refuses what is over a limit or known."""
        rng = np.random.default_rng([self.seed, number])
        for _ in range(100):
            fresh = self.best is None or number % 3 == 0
            arch = self.space.sample(rng) if fresh else self.space.mutate(self.best[1], rng)
            if self.accept(arch):
                break
        return arch

    def tell(self, trial):
        """Only trials with scores rank; infeasible and failed ones are reported without."""
        if trial.scores and (self.best is None or trial.scores.reward > self.best[0]):
            self.best = trial.scores.reward, self.space.from_json(trial.arch)
