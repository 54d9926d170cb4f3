"""The last layers of a network: probabilities of classes, or one number."""

from __future__ import annotations

from micronas.model.net import Dense, Layer, SoftmaxLayer


def output_layers(n_outputs: int, dropout: float = 0.0) -> tuple[Layer, ...]:
    """A dense layer with softmax, or, of a single output, without: a regression predicts its value."""
    dense = Dense(n_outputs, dropout=dropout)
    return (dense, SoftmaxLayer()) if n_outputs > 1 else (dense,)
