"""REINFORCE: an RNN controller that writes architectures token by token; one grammar per space."""

from micronas.strategy.reinforce.cell_tokens import CellTokens
from micronas.strategy.reinforce.layerwise_tokens import LayerwiseTokens
from micronas.strategy.reinforce.micronets_tokens import MicronetsTokens
from micronas.strategy.reinforce.mlp_tokens import MlpTokens
from micronas.strategy.reinforce.region_tokens import RegionTokens
from micronas.strategy.reinforce.strategy import Reinforce
from micronas.strategy.reinforce.tokens import Tokens

__all__ = [
    "CellTokens",
    "LayerwiseTokens",
    "MicronetsTokens",
    "MlpTokens",
    "RegionTokens",
    "Reinforce",
    "Tokens",
]
