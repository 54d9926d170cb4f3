"""One-step changes, shared by the spaces: the steps that lead to other networks.

A *mutation* is a kind of change; it yields raw architectures. This module brings them into canonical form,
drops those that give the original network, and keeps each network once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from micronas.errors import SpaceError

A = TypeVar("A")


def distinct(
    reached: Iterable[A], start: A, canonical: Callable[[A], A | None], identity: Callable[[A], object]
) -> list[A]:
    """Canonical forms of ``reached`` whose ``identity`` differs from that of ``start``, each once.

    ``canonical`` gives None for a raw architecture that is not in the space.
    """
    seen = {identity(start)}
    kept = []
    for arch in dict.fromkeys(canonical(raw) for raw in reached):
        name = identity(arch) if arch is not None else None
        if arch is not None and name not in seen:
            seen.add(name)
            kept.append(arch)
    return kept


def one_step(
    mutations: Iterable[Iterable[A]],
    start: A,
    canonical: Callable[[A], A | None],
    identity: Callable[[A], object],
    rng: np.random.Generator,
) -> A:
    """One of ``distinct``: a uniformly drawn kind of change, then one of that kind.

    Identities can be whole networks, so only the necessary ones are computed. Raises ``SpaceError`` if no
    mutation leads to another network.
    """
    here = identity(start)
    kinds = list(mutations)
    for kind in rng.permutation(len(kinds)):
        options = list(kinds[int(kind)])
        for option in rng.permutation(len(options)):
            arch = canonical(options[int(option)])
            if arch is not None and identity(arch) != here:
                return arch
    raise SpaceError(f"the space has no network except that of {start}")
