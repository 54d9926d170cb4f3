"""The cache in front of flash against one that keeps a plain list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from micronas.latency.counts.flash_cache import CacheShape, FlashCache


def plain_misses(shape: CacheShape, addresses: list[int]) -> int:
    """Lines in a list, the one used last at its end; each with the set of its sectors."""
    lines: list[tuple[int, set[int]]] = []
    missed = 0
    for address in addresses:
        line, sector = address // shape.line_bytes, address // shape.sector_bytes
        found = next((entry for entry in lines if entry[0] == line), None)
        if found is None:
            found = (line, set())
        else:
            lines.remove(found)
        lines.append(found)
        missed += sector not in found[1]
        found[1].add(sector)
        del lines[: max(0, len(lines) - shape.lines)]
    return missed


shapes = st.builds(
    lambda lines, sectors, sector: CacheShape(lines, sectors * sector, sector),
    st.integers(1, 5),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([8, 16]),
)


@given(shapes, st.lists(st.integers(0, 400), max_size=200))
def test_misses_equal_those_of_a_plain_list(shape: CacheShape, addresses: list[int]) -> None:
    cache = FlashCache(shape)
    assert cache.misses(t for a in addresses for t in shape.touches(a, a)) == plain_misses(shape, addresses)


@given(shapes, st.lists(st.tuples(st.integers(0, 400), st.integers(1, 40)), max_size=60))
def test_a_range_touches_each_of_its_sectors(shape: CacheShape, ranges: list[tuple[int, int]]) -> None:
    cache = FlashCache(CacheShape(1000, shape.line_bytes, shape.sector_bytes))
    missed = cache.misses(t for first, size in ranges for t in shape.touches(first, first + size - 1))
    read = {a // shape.sector_bytes for first, size in ranges for a in range(first, first + size)}
    assert missed == len(read)
