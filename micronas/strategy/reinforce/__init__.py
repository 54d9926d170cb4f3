"""REINFORCE: an RNN controller that writes architectures token by token."""

from micronas.strategy.reinforce.layerwise_tokens import LayerwiseTokens
from micronas.strategy.reinforce.strategy import Reinforce
from micronas.strategy.reinforce.tokens import Tokens

__all__ = ["LayerwiseTokens", "Reinforce", "Tokens"]
