"""A search space of your own: a narrow part of the shipped MLP space, two hidden layers of 8 to 16 units.

    mn.search("small.yaml", board="nucleo_f446re", space=two_layers)
    space: {name: "two_layers:two_layers"}             # the same in YAML, run from this folder

A space from scratch is any object with the methods of ``micronas.space.Space``: sample, mutate, to_json,
from_json, key, net and baselines.
"""

from micronas.space import Space
from micronas.space.mlp import MlpLimits, MlpSpace


def two_layers(input_shape: tuple[int, ...], n_classes: int) -> Space:
    """Called with the shape of the data and the number of classes."""
    return MlpSpace(input_shape, n_classes, MlpLimits(2, 2, 8, 16))
