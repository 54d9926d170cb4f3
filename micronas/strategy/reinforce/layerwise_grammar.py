"""The layer-wise space as tokens: the stem's genes, then block by block, then the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from micronas.space.layerwise import Block, BlockKind, LayerwiseArch, LayerwiseSpace, Stem
from micronas.strategy.reinforce.grammar import Choose

END = "end"
_STRIDES = (1, 2)
_FLAGS = (False, True)


class LayerwiseGrammar:
    """The grammar of a ``LayerwiseSpace``; one slot per gene, shared by all blocks."""

    def __init__(self, space: LayerwiseSpace) -> None:
        self._space, limits = space, space.limits
        self._limits = limits
        self._choices: dict[str, tuple[Any, ...]] = {
            "stem_kernel": limits.kernels,
            "stem_stride": limits.stem_strides,
            "stem_width": limits.widths,
            "shrink": limits.shrinks,
            "kind": (*BlockKind, END),
            "kernel": limits.kernels,
            "stride": _STRIDES,
            "width": limits.widths,
            "expansion": limits.expansions,
            "pool": _FLAGS,
            "swish": _FLAGS if limits.hard_swish else (False,),
            "gate": _FLAGS if limits.squeeze_excite else (False,),
        }
        self._slot = {name: slot for slot, name in enumerate(self._choices)}

    @property
    def slots(self) -> tuple[int, ...]:
        """See ``Tokens``."""
        return tuple(len(choices) for choices in self._choices.values())

    def emit(self, choose: Choose) -> LayerwiseArch:
        """See ``Tokens``; the end is valid from ``min_blocks`` on and the only choice at ``max_blocks``."""

        def pick(name: str, valid: tuple[bool, ...] | None = None) -> Any:
            choices = self._choices[name]
            if len(choices) == 1:
                return choices[0]
            return choices[choose(self._slot[name], valid or (True,) * len(choices))]

        stem = Stem(pick("stem_kernel"), pick("stem_stride"), pick("stem_width"), pick("shrink"))
        blocks: list[Block] = []
        while len(blocks) < self._limits.max_blocks:
            may_end = len(blocks) >= self._limits.min_blocks
            kind = pick("kind", (True,) * len(BlockKind) + (may_end,))
            if kind == END:
                break
            kernel, stride, width = pick("kernel"), pick("stride"), pick("width")
            expansion = pick("expansion") if kind is BlockKind.INVERTED else 1
            pool, swish = pick("pool"), pick("swish")
            gate = pick("gate") if kind is not BlockKind.CONV else False
            blocks.append(Block(kind, kernel, stride, width, expansion, pool, swish, gate))
        arch = LayerwiseArch(stem, tuple(blocks))
        return self._space.from_json(self._space.to_json(arch))  # in canonical form

    def indices(self, arch: LayerwiseArch) -> Iterator[int]:
        """See ``Tokens``."""
        for name, value in self._values(arch):
            choices = self._choices[name]
            if len(choices) > 1:
                yield choices.index(value)

    def _values(self, arch: LayerwiseArch) -> Iterator[tuple[str, Any]]:
        stem = arch.stem
        yield from (("stem_kernel", stem.kernel), ("stem_stride", stem.stride))
        yield from (("stem_width", stem.width), ("shrink", stem.shrink))
        for block in arch.blocks:
            yield from (("kind", block.kind), ("kernel", block.kernel), ("stride", block.stride))
            yield "width", block.width
            if block.kind is BlockKind.INVERTED:
                yield "expansion", block.expansion
            yield from (("pool", block.pool), ("swish", block.swish))
            if block.kind is not BlockKind.CONV:
                yield "gate", block.gate
        if len(arch.blocks) < self._limits.max_blocks:
            yield "kind", END
