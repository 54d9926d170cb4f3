"""REINFORCE: an RNN controller that writes architectures token by token; one grammar per space."""

from micronas.strategy.reinforce.cell_grammar import CellTokens
from micronas.strategy.reinforce.grammar import Tokens
from micronas.strategy.reinforce.layerwise_grammar import LayerwiseTokens
from micronas.strategy.reinforce.micronets_grammar import MicronetsTokens
from micronas.strategy.reinforce.mlp_grammar import MlpTokens
from micronas.strategy.reinforce.shared_weight_grammar import RegionTokens
from micronas.strategy.reinforce.strategy import Reinforce

__all__ = [
    "CellTokens",
    "LayerwiseTokens",
    "MicronetsTokens",
    "MlpTokens",
    "RegionTokens",
    "Reinforce",
    "Tokens",
]
