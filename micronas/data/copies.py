"""Samples that are exact copies of others: within a class, across splits, and under two labels."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Labels
from micronas.data.samples import Samples


@dataclass(frozen=True)
class Copies:
    """Sets of equal samples, as tuples of sample numbers.

    ``across`` are those in more than one split, ``contradicting`` those with more than one label
    or target.
    """

    sets: tuple[tuple[int, ...], ...]
    across: tuple[tuple[int, ...], ...]
    contradicting: tuple[tuple[int, ...], ...]

    @property
    def surplus(self) -> int:
        """Samples that would go if one of each set stayed."""
        return sum(len(members) - 1 for members in self.sets)


def fingerprints(raw: npt.NDArray[np.generic]) -> tuple[bytes, ...]:
    """A digest of each sample of ``raw`` (N, ...)."""
    return tuple(hashlib.blake2b(sample.tobytes(), digest_size=16).digest() for sample in raw)


def find_copies(samples: Samples, part: Labels) -> Copies:
    """All exact copies among ``samples``, whose splits are ``part`` (N,)."""
    by_digest: dict[bytes, list[int]] = defaultdict(list)
    for number, digest in enumerate(samples.fingerprints or fingerprints(samples.x)):
        by_digest[digest].append(number)
    sets = tuple(tuple(members) for members in by_digest.values() if len(members) > 1)
    return Copies(
        sets,
        tuple(s for s in sets if len({int(part[i]) for i in s}) > 1),
        tuple(s for s in sets if len({_truth(samples, i) for i in s}) > 1),
    )


def _truth(samples: Samples, index: int) -> float:
    return float(samples.y[index] if samples.targets is None else samples.targets[index])


def copies_note(copies: Copies) -> str:
    """One sentence for people; empty if there are no copies."""
    if not copies.sets:
        return ""
    text = f"exact copies of other samples: {copies.surplus:,}"
    more = [
        *([f"{len(copies.across)} in more than one split"] if copies.across else []),
        *([f"{len(copies.contradicting)} under more than one label"] if copies.contradicting else []),
    ]
    return f"{text} ({', '.join(more)}); `micronas data` names them" if more else text
