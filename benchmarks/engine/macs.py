"""Multiplications of an op, counted from shapes: padding counts, as in the published figures."""

from micronas.latency.bounds import op_macs

__all__ = ["op_macs"]
