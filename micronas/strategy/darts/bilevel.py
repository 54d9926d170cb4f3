"""The gradient of the validation loss in the edges, including the response of the weights to them.

For edges ``a``, weights ``w`` and one step ``w' = w - rate * grad_w L_train(w, a)`` of the weights:

    d L_val(w', a) / d a  =  grad_a L_val(w', a)  -  rate * grad_a grad_w L_train(w, a) . grad_w' L_val(w', a)

The product of the mixed second derivative with a vector is a finite difference of two gradients, as in the
paper (Liu et al. 2019, equations 7 and 8). The first-order form takes ``rate`` 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import tensorflow as tf

Tensor: TypeAlias = Any
Gradients: TypeAlias = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""(weights, edges) -> (loss, its gradient in the weights, its gradient in the edges); all flat."""

PROBE = 0.01
"""Norm of the finite-difference step."""


def first_order(validation: Gradients, weights: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
    """Validation loss and its gradient in the edges, with fixed weights."""
    loss, _, gradient = validation(weights, edges)
    return loss, gradient


def second_order(
    train: Gradients, validation: Gradients, weights: Tensor, edges: Tensor, rate: Tensor
) -> tuple[Tensor, Tensor]:
    """Validation loss after one step of the weights, and its total gradient in the edges."""
    _, step, _ = train(weights, edges)
    loss, outer, direct = validation(weights - rate * step, edges)
    probe = PROBE / (tf.norm(outer) + 1e-12)
    _, _, above = train(weights + probe * outer, edges)
    _, _, below = train(weights - probe * outer, edges)
    return loss, direct - rate * (above - below) / (2.0 * probe)
