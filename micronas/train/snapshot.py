"""The weights of a network at one moment: two vectors."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.train.tf_model import TfModel
from micronas.train.weights import Array


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Copies of the model's flat parameters and batch statistics."""

    parameters: Array
    statistics: Array

    @classmethod
    def of(cls, model: TfModel) -> Snapshot:
        """The current weights of ``model``."""
        return cls(model.parameters.numpy(), model.statistics.numpy())

    def restore(self, model: TfModel) -> None:
        """Restore the weights into ``model``."""
        model.parameters.assign(self.parameters)
        model.statistics.assign(self.statistics)
