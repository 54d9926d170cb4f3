"""Geometry of sliding windows: how far a kernel extends beyond the edge of its input."""

from __future__ import annotations

from micronas.model.op_attributes import Padding


def window_span(kernel: int, dilation: int) -> int:
    """Input positions that a dilated kernel covers."""
    return (kernel - 1) * dilation + 1


def output_size(size: int, kernel: int, stride: int, padding: Padding, dilation: int = 1) -> int:
    """Output positions along one dimension; 0 or less if a VALID kernel does not fit."""
    if padding is Padding.SAME:
        return -(-size // stride)
    return -(-(size - window_span(kernel, dilation) + 1) // stride)


def window_padding(size: int, outputs: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Padding (before, after) along one dimension that ``outputs`` windows need.

    TFLite derives it from the output's size: half of the missing positions go before, an odd one after. For
    VALID, none are missing.
    """
    missing = max((outputs - 1) * stride + window_span(kernel, dilation) - size, 0)
    return missing // 2, missing - missing // 2
