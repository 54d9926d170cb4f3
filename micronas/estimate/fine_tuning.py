"""Further training of a float network that exists, on the same or other data; for a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

from micronas.config import DataConfig
from micronas.estimate.full import Estimate, cached_dataset, quantized_estimate
from micronas.model.net import Net
from micronas.train.keras_file import weights_from_bytes
from micronas.train.settings import TrainSettings
from micronas.train.weights import Weights

SLOWER, SLOWER_WITH_NEW_HEAD = 0.1, 0.5
"""The peak learning rate, as a share of the search's: the kept weights are near a minimum already."""


@dataclass(frozen=True, eq=False)
class Origin:
    """A trained network: its name for people, its form, and its weights, packed or in a .keras file.

    ``new_head`` is whether its outputs mean other classes than those of the data. ``quality`` is its int8
    quality on the validation data it was trained for.
    """

    name: str
    net: Net
    weights: bytes | Path
    new_head: bool
    quality: float

    def load(self) -> Weights:
        """The float weights; raises ``ModelError`` for a file that Keras does not read."""
        if isinstance(self.weights, bytes):
            return weights_from_bytes(self.weights, len(self.net.nodes))
        from micronas.quantize.keras_model import load_keras
        from micronas.train.keras_backend import get_weights

        return get_weights(load_keras(self.weights), self.net)


def tuned(
    net: Net,
    data: DataConfig,
    settings: TrainSettings,
    seed: int,
    origin: Origin,
    calibration_samples: int,
) -> tuple[Estimate, bool]:
    """``net`` trained from the weights of ``origin``, and whether its last layer started from scratch.

    Raises ``TrainError`` where the weights do not fit, and ``QuantizeError``.
    """
    from micronas.train.train import train
    from micronas.train.transfer import start_from

    start_s = process_time()
    dataset = cached_dataset(data)
    start = start_from(origin.load(), origin.net, net, seed, new_head=origin.new_head)
    rate = settings.learning_rate * (SLOWER_WITH_NEW_HEAD if start.new_head else SLOWER)
    trained = train(net, dataset, replace(settings, learning_rate=rate), seed, start=start.weights)
    found = quantized_estimate(
        trained.model, net, dataset, seed, trained.epochs, trained.accuracy, calibration_samples, start_s
    )
    return replace(found, curve=trained.curve), start.new_head
