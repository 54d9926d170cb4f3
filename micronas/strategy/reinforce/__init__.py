"""REINFORCE: an RNN controller that writes architectures token by token, in the grammar of their space."""

from micronas.strategy.reinforce.strategy import Reinforce

__all__ = ["Reinforce"]
