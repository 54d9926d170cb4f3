"""REINFORCE: an RNN controller that writes architectures token by token; one grammar per space."""

from micronas.strategy.reinforce.cell_grammar import CellGrammar
from micronas.strategy.reinforce.grammar import Grammar
from micronas.strategy.reinforce.layerwise_grammar import LayerwiseGrammar
from micronas.strategy.reinforce.micronets_grammar import MicronetsGrammar
from micronas.strategy.reinforce.mlp_grammar import MlpGrammar
from micronas.strategy.reinforce.shared_weight_grammar import SharedWeightGrammar
from micronas.strategy.reinforce.strategy import Reinforce

__all__ = [
    "CellGrammar",
    "Grammar",
    "LayerwiseGrammar",
    "MicronetsGrammar",
    "MlpGrammar",
    "Reinforce",
    "SharedWeightGrammar",
]
