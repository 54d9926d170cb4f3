"""The interface of search spaces for strategies, and their common implementation."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable
from typing import Generic, Protocol, TypeVar

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Net, shape_graph
from micronas.space.architecture import Arch
from micronas.space.grammar import Grammar
from micronas.space.single_mutation import distinct, one_step
from micronas.trial import Json

__all__ = ["Arch", "Space", "TypedSpace", "file_bytes", "hash_json", "hash_net"]


class Space(Protocol):
    """A set of architectures, and the steps between them.

    Every architecture that a method returns is in canonical form and in the space: genes that do not change
    the network have a fixed value. Two architectures have equal keys if and only if they are the same
    network. Methods raise ``SpaceError`` for an architecture of another space.
    """

    def sample(self, rng: np.random.Generator) -> Arch:
        """A random architecture; sizes are distributed uniformly in the logarithm."""
        ...

    def mutate(self, arch: Arch, rng: np.random.Generator) -> Arch:
        """One of ``neighbours(arch)``: one gene differs, and so does the network."""
        ...

    def crossover(self, a: Arch, b: Arch, rng: np.random.Generator) -> Arch:
        """A child with parts of both parents."""
        ...

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """All architectures one step away, each once, in a fixed order."""
        ...

    def net(self, arch: Arch) -> Net:
        """The network; raises ``SpaceError`` for an architecture of another space."""
        ...

    def baselines(self) -> tuple[Arch, ...]:
        """Good designs by hand, largest file first."""
        ...

    def to_json(self, arch: Arch) -> Json:
        """The architecture as JSON."""
        ...

    def from_json(self, data: Json) -> Arch:
        """The checked architecture; raises ``SpaceError`` that names the gene."""
        ...

    def key(self, arch: Arch) -> str:
        """A hash that equal networks share."""
        ...

    def grammar(self) -> Grammar:
        """The space as tokens, for a controller that generates architectures."""
        ...


A = TypeVar("A", bound=Arch)


class TypedSpace(ABC, Generic[A]):
    """A ``Space`` with architectures of type ``A``: implements the methods by the genes of a space.

    ``raw`` architectures are not yet in canonical form.
    """

    arch_type: type[A]
    _last: tuple[A, Net] | None = None

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> A:
        """A random raw architecture."""

    @abstractmethod
    def mutations(self, arch: A) -> Iterable[Iterable[A]]:
        """Raw architectures one step away, by kind of change."""

    @abstractmethod
    def canonical(self, raw: A) -> A | None:
        """The canonical form, or None if it is not in the space."""

    @abstractmethod
    def identity(self, arch: A) -> Hashable:
        """The identity of a canonical architecture's network."""

    @abstractmethod
    def crossed(self, a: A, b: A, rng: np.random.Generator) -> A:
        """A raw child of both parents."""

    @abstractmethod
    def raw_baselines(self) -> Iterable[A]:
        """Raw baselines: good designs, in any order and with repetitions."""

    @abstractmethod
    def write(self, arch: A) -> Json:
        """The architecture as JSON."""

    @abstractmethod
    def read(self, data: Json) -> A:
        """The raw architecture from JSON; raises ``SpaceError`` that names the gene."""

    @abstractmethod
    def decode(self, arch: A) -> Net:
        """The network; raises ``SpaceError`` for genes outside the space."""

    def sample(self, rng: np.random.Generator) -> A:
        """See ``Space``."""
        return self._in_form(self.draw(rng))

    def mutate(self, arch: Arch, rng: np.random.Generator) -> A:
        """A uniformly drawn kind of change, then one of that kind."""
        own = self._in_form(self.own(arch))
        return one_step(self.mutations(own), own, self.canonical, self.identity, rng)

    def crossover(self, a: Arch, b: Arch, rng: np.random.Generator) -> A:
        """See ``Space``."""
        return self._in_form(self.crossed(self.own(a), self.own(b), rng))

    def neighbours(self, arch: Arch) -> tuple[A, ...]:
        """All results that ``mutate`` can return, in a fixed order."""
        own = self._in_form(self.own(arch))
        reached = (raw for kind in self.mutations(own) for raw in kind)
        return tuple(distinct(reached, own, self.canonical, self.identity))

    def net(self, arch: Arch) -> Net:
        """See ``Space``. The last network is kept: a gate asks for its key, its operations and its shapes."""
        own = self.own(arch)
        last = self._last
        if last is None or last[0] is not own:
            last = self._last = (own, self.decode(own))
        return last[1]

    def baselines(self) -> tuple[A, ...]:
        """See ``Space``."""
        archs = dict.fromkeys(self._in_form(raw) for raw in self.raw_baselines())
        return tuple(sorted(archs, key=lambda arch: file_bytes(self.decode(arch)), reverse=True))

    def to_json(self, arch: Arch) -> Json:
        """Genes by name."""
        return self.write(self.own(arch))

    def from_json(self, data: Json) -> A:
        """Checked and in canonical form."""
        return self._in_form(self.read(data))

    def key(self, arch: Arch) -> str:
        """Hash of the network: different genes can give the same network."""
        return hash_net(self.net(arch))

    def own(self, arch: Arch) -> A:
        """``arch`` if it is of this space; raises ``SpaceError`` otherwise."""
        if not isinstance(arch, self.arch_type):
            raise SpaceError(f"{arch!r} is not an architecture of a {type(self).__name__}")
        return arch

    def _in_form(self, raw: A) -> A:
        arch = self.canonical(raw)
        if arch is None:
            raise SpaceError(f"{raw} is not in this {type(self).__name__}")
        return arch


def hash_json(data: Json) -> str:
    """Sixteen hex digits of the SHA-256 of the canonical text of ``data``."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hash_net(net: Net) -> str:
    """Sixteen hex digits of the SHA-256 of the layers and edges of ``net``."""
    # Networks without dilation and dropout keep the keys of runs made before these existed.
    text = repr(net.nodes).replace(", dilation_h=1)", ")").replace(", dropout=0.0)", ")")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_bytes(net: Net) -> int:
    """Size of the network's .tflite file: weights, and the overhead of each channel and op.

    Among equally trained networks, file size predicted the better one more often than parameters or
    multiplications did: depthwise-separable networks spend their bytes on channels.
    """
    from micronas.model.tflite.writer import write as write_tflite

    return len(write_tflite(shape_graph(net)))
