"""Search guided by a predictor (White, Neiswanger and Savani, "BANANAS", AAAI 2021) under exact budgets.

On a microcontroller, nearly everything about a network is known before training: the ledger has its flash and
SRAM to the byte, and its latency follows from those of a few others. Only the accuracy is unknown. Every ask
therefore draws a pool of networks that fit, predicts the error of each by a Gaussian process on features of
the network, and takes the one with the largest expected gain in the reward or in the Pareto front.
"""

from micronas.strategy.predictor.acquisition import Acquisition, HypervolumeImprovement, RewardImprovement
from micronas.strategy.predictor.predictor import Predictor

__all__ = ["Acquisition", "HypervolumeImprovement", "Predictor", "RewardImprovement"]
