"""REINFORCE: an RNN controller that writes architectures token by token."""

from micronas.strategy.reinforce.layerwise_tokens import LayerwiseTokens
from micronas.strategy.reinforce.region_tokens import RegionTokens
from micronas.strategy.reinforce.strategy import Reinforce
from micronas.strategy.reinforce.tokens import Tokens

__all__ = ["LayerwiseTokens", "RegionTokens", "Reinforce", "Tokens"]
