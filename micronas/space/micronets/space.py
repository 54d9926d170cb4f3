"""``MicronetsSpace``: widths and depth of a published kind of network."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Net
from micronas.space.base import file_bytes, hash_net
from micronas.space.micronets.arch import MicronetsArch, MicronetsLimits, SlotGenes
from micronas.space.micronets.decode import decode
from micronas.space.micronets.mutations import MUTATIONS
from micronas.space.micronets.skeleton import make_skeleton
from micronas.space.single_mutation import distinct, one_step
from micronas.space.widths import nearest_width
from micronas.trial import Json

_SHARE_KEPT = 0.7


class MicronetsSpace:
    """See ``micronas.space.Space`` for the verbs."""

    def __init__(self, input_shape: tuple[int, int, int], n_classes: int, limits: MicronetsLimits) -> None:
        if len(input_shape) != 3 or min(input_shape) < 1 or n_classes < 2:
            raise SpaceError(
                f"the micronets space needs inputs (height, width, channels) and 2 or more classes, "
                f"not {input_shape} and {n_classes}"
            )
        self.input_shape, self.n_classes, self.limits = input_shape, n_classes, limits
        self.skeleton = make_skeleton(input_shape, limits.slots)

    def sample(self, rng: np.random.Generator) -> MicronetsArch:
        """A width for the whole network, evenly in the logarithm, and each layer's about it."""
        limits = self.limits
        typical = math.exp(rng.uniform(math.log(limits.min_width), math.log(limits.max_width)))
        widths = [
            nearest_width(typical * math.exp(rng.uniform(-0.5, 0.5)), limits.widths)
            for _ in range(limits.slots + 1)
        ]
        kept = rng.random(limits.slots) < _SHARE_KEPT
        # As many more are kept, first ones first, as the least depth asks for.
        while sum(kept | (np.array(self.skeleton.strides) > 1)) < limits.min_blocks:
            kept[int(np.argmin(kept))] = True
        slots = tuple(
            SlotGenes(width, int(rng.choice(limits.allowed_expansions)), bool(k) or stride > 1)
            for width, k, stride in zip(widths[1:], kept, self.skeleton.strides, strict=True)
        )
        return self._canonical(MicronetsArch(widths[0], slots))

    def mutate(self, arch: MicronetsArch, rng: np.random.Generator) -> MicronetsArch:
        """Another width or expansion, a block more or a block less."""
        moves = (move(arch, self.limits, self.skeleton) for move in MUTATIONS)
        return one_step(moves, self._canonical(arch), self._canonical, self.net, rng)

    def crossover(self, a: MicronetsArch, b: MicronetsArch, rng: np.random.Generator) -> MicronetsArch:
        """Each layer from either parent; the child takes all of ``a`` if it came out too shallow."""
        slots = tuple(x if rng.random() < 0.5 else y for x, y in zip(a.slots, b.slots, strict=True))
        if sum(genes.kept for genes in slots) < self.limits.min_blocks:
            return self._canonical(a)
        return self._canonical(MicronetsArch(a.stem if rng.random() < 0.5 else b.stem, slots))

    def neighbours(self, arch: MicronetsArch) -> tuple[MicronetsArch, ...]:
        """All that ``mutate`` can return, in a fixed order."""
        reached = (n for move in MUTATIONS for n in move(arch, self.limits, self.skeleton))
        return tuple(distinct(reached, self._canonical(arch), self._canonical, self.net))

    def net(self, arch: MicronetsArch) -> Net:
        """The network of ``arch``."""
        self._check(arch)
        return decode(arch, self.skeleton, self.limits.backbone, self.input_shape, self.n_classes)

    def baselines(self) -> tuple[MicronetsArch, ...]:
        """All layers equally wide, at full and at least depth; largest file first."""
        expansions = self.limits.allowed_expansions
        expansion = expansions[len(expansions) // 2]
        archs = []
        for width in self.limits.widths:
            for depth in (self.limits.slots, self.limits.min_blocks):
                kept = [i < depth or stride > 1 for i, stride in enumerate(self.skeleton.strides)]
                slots = tuple(SlotGenes(width, expansion, k) for k in kept)
                archs.append(self._canonical(MicronetsArch(width, slots)))
        return tuple(sorted(dict.fromkeys(archs), key=lambda arch: file_bytes(self.net(arch)), reverse=True))

    def to_json(self, arch: MicronetsArch) -> Json:
        """Genes by name."""
        slots: list[Json] = [asdict(genes) for genes in arch.slots]
        return {"stem": arch.stem, "slots": slots}

    def from_json(self, data: Json) -> MicronetsArch:
        """Raises ``SpaceError`` with the gene's path, its value and what is allowed."""
        raw_slots = data.get("slots") if isinstance(data, dict) else None
        if not isinstance(data, dict) or data.keys() != {"stem", "slots"} or not isinstance(raw_slots, list):
            raise SpaceError(f'architecture: {{"stem": width, "slots": [...]}} is needed, not {data!r}')
        stem: Any = data["stem"]
        slots = tuple(_slot(raw, f"slots[{i}]") for i, raw in enumerate(raw_slots))
        arch = MicronetsArch(stem, slots)
        self._check(arch)
        return self._canonical(arch)

    def key(self, arch: MicronetsArch) -> str:
        """Hash of the network: leaving out one or the other of two equal blocks is the same."""
        return hash_net(self.net(arch))

    def _canonical(self, arch: MicronetsArch) -> MicronetsArch:
        """Genes of a block that is not there have no effect."""
        absent = SlotGenes(self.limits.min_width, min(self.limits.allowed_expansions), kept=False)
        return MicronetsArch(arch.stem, tuple(genes if genes.kept else absent for genes in arch.slots))

    def _check(self, arch: MicronetsArch) -> None:
        limits = self.limits
        if len(arch.slots) != limits.slots:
            raise SpaceError(f"slots: {len(arch.slots)}, the skeleton has {limits.slots}")
        genes: list[tuple[str, object, tuple[object, ...]]] = [("stem", arch.stem, limits.widths)]
        for i, (slot, stride) in enumerate(zip(arch.slots, self.skeleton.strides, strict=True)):
            genes += [
                (f"slots[{i}].width", slot.width, limits.widths),
                (f"slots[{i}].expansion", slot.expansion, limits.allowed_expansions),
                (f"slots[{i}].kept", slot.kept, (True, False) if stride == 1 else (True,)),
            ]
        for path, value, allowed in genes:
            _check_gene(path, value, allowed)
        if sum(slot.kept for slot in arch.slots) < limits.min_blocks:
            raise SpaceError(f"slots: fewer than {limits.min_blocks} are kept")


def _check_gene(path: str, value: object, allowed: tuple[object, ...]) -> None:
    # The type is compared too: to Python, True is 1 and 2.0 is 2.
    if not any(value == a and type(value) is type(a) for a in allowed):
        options = ", ".join(str(a) for a in dict.fromkeys(allowed))
        raise SpaceError(f"{path}: {value!r} is not one of {options}")


def _slot(raw: Json, path: str) -> SlotGenes:
    if not isinstance(raw, dict) or raw.keys() != {"width", "expansion", "kept"}:
        raise SpaceError(f"{path}: an object with width, expansion and kept is needed, not {raw!r}")
    width, expansion, kept = (raw[name] for name in ("width", "expansion", "kept"))
    return SlotGenes(width, expansion, kept)  # type: ignore[arg-type]
