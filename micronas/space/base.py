"""What every search space can do, and what strategies know of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol, TypeAlias

import numpy as np

from micronas.model.net import Net, shape_graph
from micronas.trial import Json

Arch: TypeAlias = Any
"""A genotype: frozen and hashable. Each space has its own dataclass."""


class Space(Protocol):
    """A set of architectures, and the ways through it.

    Every architecture that a method returns is in canonical form and in the space: genes that do not
    change the network have one agreed value. Two architectures have equal keys if, and only if, they are
    the same network.
    """

    def sample(self, rng: np.random.Generator) -> Arch:
        """A random architecture; sizes are spread evenly in the logarithm."""
        ...

    def mutate(self, arch: Arch, rng: np.random.Generator) -> Arch:
        """One of ``neighbours(arch)``: one thing differs, and the network with it."""
        ...

    def crossover(self, a: Arch, b: Arch, rng: np.random.Generator) -> Arch:
        """A child with parts of both parents."""
        ...

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """All architectures one step away, each once, in a fixed order."""
        ...

    def net(self, arch: Arch) -> Net:
        """The network; raises ``SpaceError`` for an architecture that is not of this space."""
        ...

    def baselines(self) -> tuple[Arch, ...]:
        """Well-made networks of the space, largest file first."""
        ...

    def to_json(self, arch: Arch) -> Json:
        """The architecture as JSON."""
        ...

    def from_json(self, data: Json) -> Arch:
        """The architecture back, checked; raises ``SpaceError`` naming the gene."""
        ...

    def key(self, arch: Arch) -> str:
        """A hash that equal networks share."""
        ...


def hash_json(data: Json) -> str:
    """Sixteen hex digits of the SHA-256 of the canonical text of ``data``."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hash_net(net: Net) -> str:
    """Sixteen hex digits of the SHA-256 of the layers and edges of ``net``."""
    return hashlib.sha256(repr(net.nodes).encode()).hexdigest()[:16]


def file_bytes(net: Net) -> int:
    """Size of the network's .tflite file: weights and what each channel and op costs beside them.

    Of networks trained alike, the one with the larger file was the better one more often than the one with
    more parameters or more multiplications: depthwise-separable networks spend their bytes on channels.
    """
    from micronas.model.tflite.writer import write as write_tflite

    return len(write_tflite(shape_graph(net)))
