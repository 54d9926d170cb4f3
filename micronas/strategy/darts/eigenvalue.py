"""The dominant eigenvalue of a Hessian, by power iteration on finite differences of the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import tensorflow as tf

Tensor: TypeAlias = Any

PROBE = 0.01

SETTLED = 0.01
"""Relative change of the estimate at which the iteration ends."""


def dominant_eigenvalue(
    gradient: Callable[[Tensor], Tensor], point: Tensor, start: Tensor, iterations: int
) -> Tensor:
    """The eigenvalue of largest magnitude, with its sign, of the Jacobian of ``gradient`` at ``point``.

    ``start`` is any vector that is not orthogonal to the eigenvector; the result is the Rayleigh quotient
    after ``iterations`` products, or fewer if it has settled.
    """
    direction = start / tf.norm(start)
    eigenvalue = tf.constant(0.0)
    for _ in range(iterations):
        product = (gradient(point + PROBE * direction) - gradient(point - PROBE * direction)) / (2 * PROBE)
        before, eigenvalue = eigenvalue, tf.tensordot(direction, product, 1)
        if abs(float(eigenvalue - before)) <= SETTLED * abs(float(eigenvalue)):
            break
        direction = product / (tf.norm(product) + 1e-12)
    return eigenvalue
