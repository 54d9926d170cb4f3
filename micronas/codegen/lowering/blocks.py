"""The same op by blocks: faster where the memory plan leaves it more scratch than it needs.

A block form widens several quads of pixels and runs all output channels over them, so that each weight is
read from flash once per block. The first quads pay most; past ``MAX_BYTES`` hardly any.
"""

from __future__ import annotations

from dataclasses import replace

from micronas.codegen.lowering import Blocks, Lowered, StructField

MAX_BYTES = 16 * 1024


def by_blocks(low: Lowered, free_bytes: int) -> Lowered:
    """``low`` with the largest block that ``free_bytes`` of scratch hold; as it is where that is none."""
    if low.blocks is None:
        return low
    quads = _quads(low.blocks, min(free_bytes, MAX_BYTES))
    if quads == 0:
        return low
    members = tuple(replace(f, name=f"{low.blocks.member}.{f.name}") for f in low.params)
    return replace(
        low,
        kernel=low.blocks.kernel,
        params_type=low.blocks.params_type,
        params=(*members, StructField("quads", "int16_t", quads)),
        scratch_bytes=_scratch_bytes(low.blocks, quads),
        blocks=None,
    )


def _scratch_bytes(blocks: Blocks, quads: int) -> int:
    return blocks.fixed_bytes + blocks.quad_bytes * quads + (blocks.stage_bytes if quads > 1 else 0)


def _quads(blocks: Blocks, free_bytes: int) -> int:
    """The most quads that fit; of those that take equally many blocks, the fewest."""
    single = int(_scratch_bytes(blocks, 1) <= free_bytes)
    staged = (free_bytes - blocks.fixed_bytes - blocks.stage_bytes) // blocks.quad_bytes
    most = min(max(single, staged), blocks.most_quads)
    if most <= 1:
        return most
    return -(-blocks.most_quads // -(-blocks.most_quads // most))
