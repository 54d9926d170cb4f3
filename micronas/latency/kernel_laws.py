"""What kernels of convolutions and dense layers loop over: switches and values of their laws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from micronas.latency.lines_law import lines_work

Sizes = Mapping[str, int]


@dataclass(frozen=True)
class Law:
    """``switches`` name the inner loop, ``values`` are how often its parts run."""

    switches: tuple[str, ...]
    values: tuple[float, ...]


def conv_law(kernel: str, packed: int, p: Sizes) -> Law:
    """CONV_2D with ``packed`` bytes of weights, padding among them."""
    if "tiles" in kernel:
        return _by_tiles(p)
    if "stem" in kernel:
        return _by_rows(p)
    if "few" in kernel:
        return _by_few_channels(p)
    if "lines" in kernel:
        return Law((), (1, *lines_work(kernel, p)))
    if "quads" in p:
        law = _by_quads(packed, p)
    elif kernel.endswith("_dsp"):
        law = _by_pairs(packed, p)
    else:
        return _by_pixels(packed, p) if "1x1" in kernel else _by_windows(packed, p)
    if "1x1" in kernel:
        return law
    terms, (down, across) = packed / (2 * _channel_pairs(p)), _inner_positions(p)
    inside, rows = down * across, p["kernel_h"]
    border = _pixels(p) - inside
    turns = down * (0 < across < p["out_w"])  # rows in which the code changes between the two
    copied = inside * (p["kernel_w"] * p["in_c"] % 4 > 0)  # windows whose rows are not whole words
    values = (turns, border * terms, border * rows, inside * rows, copied * terms, copied * rows)
    return Law(law.switches, (*law.values, *values))


def _by_pairs(packed: int, p: Sizes) -> Law:
    """Output pixels go in pairs, output channels too; weights are padded to whole groups."""
    pixels, channel_pairs = _pixels(p), _channel_pairs(p)
    twice = 2 * -(-pixels // 2)
    terms = packed / (2 * channel_pairs)
    return Law((), (1, pixels, twice * channel_pairs, twice * packed, pixels * terms))


def _by_windows(packed: int, p: Sizes) -> Law:
    """Pixel by pixel and group by group: the window is copied, run by run, then taken as ``_by_pixels``.

    A run is a row of the window, or a tap where the group's channels or the dilation leave gaps between taps.
    """
    windows, outputs = _pixels(p) * p["groups"], p["out_c"] // p["groups"]
    pairs, odd, terms = outputs // 2, outputs % 2, packed // p["out_c"]
    has_gaps = p["groups"] > 1 or p["dilation_w"] > 1
    rows = windows * p["kernel_h"]
    copies = (windows, rows, rows * p["kernel_w"] * has_gaps, windows * terms)
    products = (windows * pairs * terms, windows * pairs * (terms % 4), windows * odd * terms)
    return Law((), (1, *copies, windows * pairs, windows * odd, *products))


def _by_pixels(packed: int, p: Sizes) -> Law:
    """Pixel by pixel: output channels in pairs, four products at a time, and the odd channel and the rest
    one by one.
    """
    pixels, pairs, odd = _pixels(p), p["out_c"] // 2, p["out_c"] % 2
    terms = packed / p["out_c"]
    products = (pixels * pairs * terms, pixels * pairs * (terms % 4), pixels * odd * terms, pixels * terms)
    return Law((), (1, pixels, pixels * pairs, pixels * odd, *products))


def _by_quads(packed: int, p: Sizes) -> Law:
    """Blocks of ``quads`` of four pixels; with more than one quad, a block copies the weights to SRAM once.

    Then the last quad, if it has three pixels, and an odd channel read them from flash. One or two pixels
    behind the last whole quad run as a pair.
    """
    pixels, pairs = _pixels(p), _channel_pairs(p)
    widened, terms = -(-pixels // 4), packed / (2 * pairs)
    two, three = pixels % 4 in (1, 2), pixels % 4 == 3
    quads = widened - two
    odd = quads * (p["out_c"] % 2)
    values = (1, widened, quads * pairs, quads * packed, widened * terms, odd, two * pairs, two * packed)
    if p["quads"] == 1:
        return Law(("single",), values)
    blocks = -(-widened // p["quads"])
    staged = (blocks, blocks * pairs, blocks * packed)
    return Law(("staged",), (*values, *staged, three * pairs, three * packed))


def _by_rows(p: Sizes) -> Law:
    """Each row of the input is widened once; a row of outputs takes its quads, for each pair of channels.

    A quad that is not full is a start by itself.
    """
    pairs, (inputs, starts, quads) = _channel_pairs(p), stem_rows(p)
    rows, halves = (p["out_h"] - 1) * p["stride_h"] + 3, 2 if p["stride_w"] == 1 else 1
    return Law((), (1, halves * pairs, rows, rows * inputs, starts, starts * pairs, quads * pairs))


FROM_ZERO, BY_SHIFTS = "from_zero", "by_shifts"
"""How sums of few inputs end: in two instructions with a zero point of -128, else in four."""


def _by_few_channels(p: Sizes) -> Law:
    """Weights of all pairs are widened once; then quads of pixels, those not full by way of copies."""
    pairs, in_c, (starts, quads, copied) = _channel_pairs(p), p["in_c"], few_rows(p)
    per_quad = (quads, quads * in_c, quads * pairs, quads * pairs * in_c)
    ends = () if p["exact_finish"] else (FROM_ZERO if p["out_zero_point"] == -128 else BY_SHIFTS,)
    return Law(ends, (1, pairs, pairs * in_c, starts, *per_quad, copied, copied * pairs))


def few_rows(p: Sizes) -> tuple[int, int, int]:
    """Starts of the loop over quads, quads, and pixels that are not in whole ones. Without strides, all rows
    are one.
    """
    strided = max(p["stride_h"], p["stride_w"]) > 1
    rows, pixels = (p["out_h"], p["out_w"]) if strided else (1, _pixels(p))
    quads, rest = divmod(pixels, 4)
    return rows * ((quads > 0) + (rest > 0)), rows * (quads + (rest > 0)), rows * rest


def stem_rows(p: Sizes) -> tuple[int, int, int]:
    """Inputs of a row that a window reaches, and of all rows the starts of the loop and its quads."""
    every = 2 if p["stride_w"] == 1 else 1
    columns = min(p["in_w"], (p["out_w"] - 1) * p["stride_w"] - p["pad_left"] + p["kernel_w"])
    pixels = [-(-(p["out_w"] - first) // every) for first in range(every)]
    starts = sum(1 + (n % 4 > 0) for n in pixels)
    return columns * p["in_c"], p["out_h"] * starts, p["out_h"] * sum(-(-n // 4) for n in pixels)


def _by_tiles(p: Sizes) -> Law:
    """Quads of tiles of 2x2 outputs, by blocks of ``rows`` rows: tiles are transformed once, those at the
    border by way of a copy, and the kernels of each pair of output channels once per block.
    """
    down, across = tiles_of(p)
    rows, in_c, pairs = min(p["rows"], down), p["in_c"], _channel_pairs(p)
    whole, rest = divmod(down, rows)
    blocks, quads = whole + (rest > 0), whole * -(-rows * across // 4) + -(-rest * across // 4)
    inside = inner_positions(down, 2, p["pad_top"], 3, p["in_h"])
    border = down * across - inside * inner_positions(across, 2, p["pad_left"], 3, p["in_w"])
    tiles = down * across
    per_block = (blocks * pairs, blocks * pairs * in_c)
    per_quad = (quads * pairs, quads * pairs * in_c)
    return Law((), (1, tiles, tiles * in_c, border, border * in_c, *per_block, *per_quad, tiles * pairs))


def tiles_of(p: Sizes) -> tuple[int, int]:
    """Rows and columns of tiles of 2x2 outputs."""
    return -(-p["out_h"] // 2), -(-p["out_w"] // 2)


def direct_law(products: int, p: Sizes) -> Law:
    """The forms without scratch: output by output, every tap where it lies; ``products`` of one pixel."""
    pixels, outputs = _pixels(p), _pixels(p) * p["out_c"]
    return Law(
        (),
        (
            1,
            pixels,
            outputs,
            outputs * p["kernel_h"],
            outputs * p["kernel_h"] * p["kernel_w"],
            pixels * products,
        ),
    )


def strip_law(p: Sizes) -> Law:
    """``mn_depthwise_dsp``: channel by channel, rows of pairs of outputs on a strip of the padded plane.

    An odd column is a pair by itself. A strip sets each channel up, and moves the rows that it shares with
    the one before.
    """
    rows_at_once = (p["plane_h"] - p["kernel_h"]) // p["stride_h"] + 1
    strips = -(-p["out_h"] // rows_at_once)
    moved = (strips - 1) * max(0, p["kernel_h"] - p["stride_h"]) * p["plane_w"]
    rows, odd = p["out_c"] * p["out_h"], p["out_w"] % 2
    pairs, words = rows * (p["out_w"] // 2 + odd), p["kernel_w"] // 2 + 1
    common = (
        *(1, p["out_c"] * strips, p["out_c"] * strips * odd, rows, rows * odd, pairs),
        *(p["in_c"] * moved, p["plane_h"] * p["plane_w"]),
        *(p["in_c"] * p["in_h"] * p["in_w"], p["in_c"] * p["in_h"]),
    )
    if (p["kernel_h"], p["kernel_w"]) == (3, 3) and p["stride_w"] <= 2:
        return Law(("3x3",), (*common, pairs * (p["stride_w"] == 2)))
    taps = p["kernel_h"] * words
    return Law(("any",), (*common, p["out_c"] * strips * taps, pairs * taps, pairs * p["kernel_h"]))


FEW_PAIRS = 20
"""With fewer pairs of outputs in a strip, ``mn_depthwise_fours_dsp`` takes an odd row one by one."""


def fours_law(p: Sizes) -> Law:
    """``mn_depthwise_fours_dsp``: four channels at a time, pairs of outputs and odd ones, on strips."""
    rows_at_once = min(p["out_h"], (p["plane_h"] - p["kernel_h"]) // p["stride_h"] + 1)
    strips, fours = -(-p["out_h"] // rows_at_once), p["in_c"] // 4
    is_paired = p["out_w"] % 2 == 0 or rows_at_once * p["out_w"] > 2 * FEW_PAIRS
    pairs = p["out_w"] // 2 if is_paired else 0
    others, rows = p["out_w"] - 2 * pairs, fours * p["out_h"]
    moved = (strips - 1) * max(0, p["kernel_h"] - p["stride_h"]) * p["plane_w"]
    both = fours * strips * (pairs > 0 and others > 0)
    values = (1, p["plane_h"] * p["plane_w"], fours, fours * strips, both, rows, rows * pairs, rows * others)
    return Law((), (*values, fours * moved, fours * p["in_h"], fours * p["in_h"] * p["in_w"]))


def tap_list_law(p: Sizes) -> Law:
    """``mn_depthwise_pixels_dsp``: a list of taps for each pixel, then four channels at a time."""
    pixels, fours, taps = _pixels(p), -(-p["in_c"] // 4), p["kernel_h"] * p["kernel_w"]
    values = (1, pixels, pixels * p["kernel_h"], pixels * taps, pixels * fours, pixels * fours * taps)
    return Law((), values)


def dense_law(packed: int, p: Sizes, *, is_cold: bool) -> Law:
    """FULLY_CONNECTED: outputs by groups of some; ``packed`` bytes of weights are read once per batch.

    DSP forms take eight outputs at a time as long as there are eight, then four. ``is_cold``: the op before
    runs another kernel, so that the code is not in the flash's cache. Small dense layers follow each other,
    and that is then much of what they wait for.
    """
    batches, outputs = p["batches"], p["out_n"]
    common = (batches * outputs, batches * packed, batches * p["in_n"], is_cold)
    terms = 4 * p["segment_groups"] * p["segments"]
    if terms == 0:
        fours = batches * -(-outputs // 4)
        return Law((), (1, fours, fours * p["in_n"], *common))
    eights, fours = batches * (outputs // 8), batches * -(-(outputs % 8) // 4)
    sums = (eights * p["segments"], fours * p["segments"], eights * terms, fours * terms)
    return Law((), (1, fours > 0, *sums, *common))


def plane_law(p: Sizes) -> Law:
    """``mn_depthwise_s8``: a plane is filled for each channel, then every tap of every output, one by one."""
    rows, taps = p["out_c"] * p["out_h"], p["kernel_h"] * p["kernel_w"]
    outputs = rows * p["out_w"]
    common = (
        *(1, p["out_c"], rows, outputs, p["plane_h"] * p["plane_w"]),
        *(p["in_c"] * p["in_h"] * p["in_w"], p["in_c"] * p["in_h"], p["out_c"] * taps),
    )
    if (p["kernel_h"], p["kernel_w"]) == (3, 3) and (p["dilation_h"], p["dilation_w"]) == (1, 1):
        return Law(("3x3",), common)
    return Law(("any",), (*common, outputs * p["kernel_h"], outputs * taps))


def pool_work(p: Sizes) -> tuple[int, ...]:
    """Outputs, taps on the input, pixels, and the rows of windows, each of which is a loop per channel."""
    down = covered(p["out_h"], p["stride_h"], p["pad_top"], p["filter_h"], p["in_h"])
    across = covered(p["out_w"], p["stride_w"], p["pad_left"], p["filter_w"], p["in_w"])
    pixels, channels = _pixels(p), p["channels"]
    return pixels * channels, down * across * channels, pixels, down * p["out_w"] * channels


def covered(out: int, stride: int, pad: int, window: int, size: int) -> int:
    """Elements of an axis under ``out`` windows, each counted as often as it is under one."""
    starts = range(-pad, out * stride - pad, stride)
    return sum([min(start + window, size) - max(start, 0) for start in starts])


def _pixels(p: Sizes) -> int:
    return p["out_h"] * p["out_w"]


def _channel_pairs(p: Sizes) -> int:
    return -(-p["out_c"] // 2)


def _inner_positions(p: Sizes) -> tuple[int, int]:
    """Rows and columns of output pixels whose window is wholly inside the input."""
    reach_h, reach_w = (p["kernel_h"] - 1) * p["dilation_h"], (p["kernel_w"] - 1) * p["dilation_w"]
    down = inner_positions(p["out_h"], p["stride_h"], p["pad_top"], reach_h, p["in_h"])
    across = inner_positions(p["out_w"], p["stride_w"], p["pad_left"], reach_w, p["in_w"])
    return down, across


def inner_positions(out: int, stride: int, pad: int, reach: int, size: int) -> int:
    """Of ``out`` windows that reach ``reach`` elements beyond their first, those inside ``size`` elements."""
    first = -(-pad // stride)
    last = min(out - 1, (size - 1 - reach + pad) // stride)
    return max(0, last - first + 1)
