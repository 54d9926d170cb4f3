"""A metric of your own: the accuracy of the class that the network is worst at.

    mn.search("small.yaml", board="nucleo_f446re", metric=worst_class)
    data: {metric: "worst_class:worst_class"}          # the same in YAML, run from this folder

The reward is then worst_class x (target / latency)^k, and the test figure of the winner is worst_class too.
"""

import numpy as np
import numpy.typing as npt


def worst_class(labels: npt.NDArray[np.int64], outputs: npt.NDArray[np.int8]) -> float:
    """0..1 from labels (N,) and the int8 network's outputs (N, classes); larger is better."""
    right = outputs.argmax(axis=1) == labels
    return min(float(right[labels == label].mean()) for label in np.unique(labels))
