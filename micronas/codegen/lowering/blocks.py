"""Runs an op in larger steps, which is faster if the memory plan leaves it more scratch than it needs.

A block form widens several quads of pixels and runs all output channels over them, so that each weight is
read from flash once per block. The first quads gain most; beyond ``MAX_BYTES`` there is hardly any gain. With
enough scratch, a 3x3 convolution runs by tiles of its outputs, which take fewer multiplications, one of three
input channels from rows that are widened once, one of a single channel from lines of words, and a 1x1
convolution of few input channels from widened weights. A depthwise convolution processes more rows at a time.
Other ops have a second kernel, which needs scratch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from micronas.codegen.lowering import Bands, Blocks, Lowered, StructField, Swap, Tiles

MAX_BYTES = 16 * 1024


def by_blocks(low: Lowered, free_bytes: int) -> Lowered:
    """``low`` in the largest steps for which ``free_bytes`` of scratch suffice; unchanged if none do."""
    if isinstance(low.blocks, Blocks):
        free_bytes = min(free_bytes, MAX_BYTES)
        special = low.blocks.special
        if special is not None and special.scratch_bytes <= free_bytes:
            return _swapped(low, special)
        rows = max(_tile_rows(low.blocks.tiles, free_bytes), default=0)
        return _with_tiles(low, rows) if rows else _with_quads(low, low.blocks, free_bytes)
    if isinstance(low.blocks, Bands):
        return _with_rows(low, low.blocks, min(free_bytes, MAX_BYTES))
    if isinstance(low.blocks, Swap) and low.blocks.scratch_bytes <= free_bytes:
        return _swapped(low, low.blocks)
    return low


def with_fewer_kernels(calls: tuple[Lowered, ...]) -> Iterator[tuple[Lowered, ...]]:
    """``calls`` with all larger steps, then without the kernels for special shapes, then without tiles, too:
    each of these kernels takes 2 to 3 KB of flash.
    """
    yield calls
    for tiles_too in (False, True):
        fewer = tuple(_with_fewer(low, tiles_too) for low in calls)
        if fewer != calls:
            yield fewer
            calls = fewer


def _with_fewer(low: Lowered, tiles_too: bool) -> Lowered:
    blocks = low.blocks
    if not isinstance(blocks, Blocks):
        return low
    return replace(low, blocks=replace(blocks, special=None, tiles=None if tiles_too else blocks.tiles))


def step_sizes(low: Lowered, free_bytes: int) -> Iterator[Lowered]:
    """``low`` by each size of steps that ``free_bytes`` of scratch hold, the smallest first."""
    free_bytes = min(free_bytes, MAX_BYTES)
    if isinstance(low.blocks, Blocks):
        needed = _block_sizes(low.blocks, free_bytes)
    elif isinstance(low.blocks, Bands):
        bands = low.blocks
        most = min(bands.most_rows, (free_bytes - bands.fixed_bytes) // bands.row_bytes)
        sizes = {equal_parts(bands.most_rows, n) for n in range(1, most + 1)}
        needed = [bands.scratch_bytes(rows) for rows in sorted(sizes)]
    elif isinstance(low.blocks, Swap):
        needed = [low.blocks.scratch_bytes] * (low.blocks.scratch_bytes <= free_bytes)
    else:
        return
    larger = (by_blocks(low, scratch_bytes) for scratch_bytes in needed)
    yield from (found for found in larger if found is not low)


def _swapped(low: Lowered, by: Swap) -> Lowered:
    low = replace(low, kernel=by.kernel, scratch_bytes=by.scratch_bytes, blocks=None)
    if by.params_type is None:
        return low
    return replace(low, params_type=by.params_type, params=(*_members(low, by.member), *by.fields))


def _block_sizes(blocks: Blocks, free_bytes: int) -> list[int]:
    """Scratch of each block of quads for which no faster kernel has room, and of each faster kernel."""
    most = _quads(blocks, free_bytes)
    sizes = {equal_parts(blocks.most_quads, n) if n > 1 else 1 for n in range(1, most + 1)}
    needed = {_scratch_bytes(blocks, quads) for quads in sizes}
    better = {
        blocks.tiles.scratch_bytes(rows) for rows in _tile_rows(blocks.tiles, free_bytes) if blocks.tiles
    }
    if blocks.special is not None and blocks.special.scratch_bytes <= free_bytes:
        better.add(blocks.special.scratch_bytes)
    return sorted({*better, *(n for n in needed if n < min(better, default=free_bytes + 1))})


def _tile_rows(tiles: Tiles | None, free_bytes: int) -> list[int]:
    """The numbers of rows of tiles at a time that fit and pay."""
    if tiles is None:
        return []
    rows = {equal_parts(tiles.down, n) for n in range(1, tiles.down + 1)}
    return sorted(n for n in rows if tiles.scratch_bytes(n) <= free_bytes and tiles.pays(n))


def _with_tiles(low: Lowered, rows: int) -> Lowered:
    assert isinstance(low.blocks, Blocks)
    tiles = low.blocks.tiles
    assert tiles is not None
    return replace(
        low,
        kernel=tiles.kernel,
        params_type=tiles.params_type,
        params=(*_members(low, tiles.member), StructField("rows", "int16_t", rows)),
        scratch_bytes=tiles.scratch_bytes(rows),
        blocks=None,
    )


def _members(low: Lowered, name: str) -> tuple[StructField, ...]:
    return tuple(StructField(f"{name}.{f.name}", f.ctype, f.value) for f in low.params)


def _with_rows(low: Lowered, bands: Bands, free_bytes: int) -> Lowered:
    rows = min(bands.most_rows, (free_bytes - bands.fixed_bytes) // bands.row_bytes)
    if rows < 1 or bands.scratch_bytes(rows) <= low.scratch_bytes:
        return low
    rows = equal_parts(bands.most_rows, rows)
    plane_h = StructField("plane_h", "int16_t", bands.plane_h(rows))
    return replace(
        low,
        params=tuple(plane_h if f.name == plane_h.name else f for f in low.params),
        scratch_bytes=bands.scratch_bytes(rows),
        blocks=None,
    )


def equal_parts(count: int, most: int) -> int:
    """The smallest step that needs as few steps as ``most``."""
    return -(-count // -(-count // most))


def _with_quads(low: Lowered, blocks: Blocks, free_bytes: int) -> Lowered:
    quads = _quads(blocks, free_bytes)
    if quads == 0:
        return low
    return replace(
        low,
        kernel=blocks.kernel,
        params_type=blocks.params_type,
        params=(*_members(low, blocks.member), StructField("quads", "int16_t", quads)),
        scratch_bytes=_scratch_bytes(blocks, quads),
        blocks=None,
    )


def _scratch_bytes(blocks: Blocks, quads: int) -> int:
    return blocks.fixed_bytes + blocks.quad_bytes * quads + (blocks.stage_bytes if quads > 1 else 0)


def _quads(blocks: Blocks, free_bytes: int) -> int:
    """The most quads that fit, in blocks of equal size."""
    single = int(_scratch_bytes(blocks, 1) <= free_bytes)
    staged = (free_bytes - blocks.fixed_bytes - blocks.stage_bytes) // blocks.quad_bytes
    most = min(max(single, staged), blocks.most_quads)
    return most if most <= 1 else equal_parts(blocks.most_quads, most)
