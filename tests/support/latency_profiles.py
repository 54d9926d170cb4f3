"""Latency profiles of networks whose ops obey a known law."""

from __future__ import annotations

from micronas.latency import OpFeatures, Profile


def op(kernel: str, work: float) -> OpFeatures:
    return OpFeatures(kernel, (1.0, work))


def network(works: list[float], noise: float = 1.0) -> Profile:
    """Convolutions of 100 + 7 a unit, one softmax of 50 + 2 a unit, 10 counts per op and 30 around them."""
    ops = [(op("conv", w), (100 + 7 * w) * noise) for w in works] + [(op("softmax", 4.0), 58.0)]
    return Profile(tuple(ops), sum(c for _, c in ops) + 10 * len(ops) + 30)


NETWORKS = [network([10.0 * i, 300.0, 5.0 * i + 1][: 1 + i % 3]) for i in range(1, 13)]
