"""The dominant eigenvalue of a Hessian, by power iteration on finite differences of the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import tensorflow as tf

Tensor: TypeAlias = Any

PROBE = 0.01


def dominant_eigenvalue(
    gradient: Callable[[Tensor], Tensor], point: Tensor, start: Tensor, iterations: int
) -> Tensor:
    """The eigenvalue of largest magnitude, with its sign, of the Jacobian of ``gradient`` at ``point``.

    ``start`` is any vector that is not orthogonal to the eigenvector; the result is the Rayleigh quotient
    after ``iterations`` products.
    """
    direction = start / tf.norm(start)
    eigenvalue = tf.constant(0.0)
    for _ in range(iterations):
        product = (gradient(point + PROBE * direction) - gradient(point - PROBE * direction)) / (2 * PROBE)
        eigenvalue = tf.tensordot(direction, product, 1)
        direction = product / (tf.norm(product) + 1e-12)
    return eigenvalue
