"""Architecture <-> JSON, with every gene checked on the way in."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from micronas.errors import SpaceError
from micronas.space.layerwise.arch import Block, BlockKind, LayerwiseArch, Limits, Stem
from micronas.trial import Json


def to_json(arch: LayerwiseArch) -> Json:
    """``{"stem": {...}, "blocks": [{...}]}`` with the genes' names as keys."""
    blocks: list[Json] = [{**asdict(b), "kind": b.kind.value} for b in arch.blocks]
    return {"stem": asdict(arch.stem), "blocks": blocks}


def from_json(data: Json, limits: Limits) -> LayerwiseArch:
    """Raises ``SpaceError`` with the gene's path, its value and what is allowed."""
    genes = _object(data, "architecture", {"stem", "blocks"})
    raw_blocks = genes["blocks"]
    if not isinstance(raw_blocks, list):
        raise SpaceError(f"blocks: {raw_blocks!r} is not a list")
    count = len(raw_blocks)
    if not limits.min_blocks <= count <= limits.max_blocks:
        raise SpaceError(f"blocks: {count}, the space has {limits.min_blocks} to {limits.max_blocks}")
    stem = Stem(**_object(genes["stem"], "stem", _names(Stem)))
    arch = LayerwiseArch(stem, tuple(_block(raw, f"blocks[{i}]") for i, raw in enumerate(raw_blocks)))
    check(arch, limits)
    return arch


def check(arch: LayerwiseArch, limits: Limits) -> None:
    """Raises ``SpaceError`` for the first gene outside ``limits``."""
    genes: list[tuple[str, Any, tuple[Any, ...]]] = [
        ("stem.kernel", arch.stem.kernel, limits.kernels),
        ("stem.stride", arch.stem.stride, limits.stem_strides),
        ("stem.width", arch.stem.width, limits.widths),
        ("stem.shrink", arch.stem.shrink, limits.shrinks),
    ]
    for i, block in enumerate(arch.blocks):
        expansions = limits.expansions if block.kind is BlockKind.INVERTED else (1,)
        gates = limits.squeeze_excite and block.kind is not BlockKind.CONV
        genes += [
            (f"blocks[{i}].kernel", block.kernel, limits.kernels),
            (f"blocks[{i}].stride", block.stride, (1, 2)),
            (f"blocks[{i}].width", block.width, limits.widths),
            (f"blocks[{i}].expansion", block.expansion, expansions),
            (f"blocks[{i}].pool", block.pool, (False, True)),
            (f"blocks[{i}].swish", block.swish, (False, limits.hard_swish)),
            (f"blocks[{i}].gate", block.gate, (False, gates)),
        ]
    for path, value, allowed in genes:
        # The type is compared too: to Python, True is 1 and 2.0 is 2.
        if not any(value == a and type(value) is type(a) for a in allowed):
            raise SpaceError(
                f"{path}: {value!r} is not one of {', '.join(str(a) for a in dict.fromkeys(allowed))}"
            )


def _block(raw: Json, path: str) -> Block:
    genes = _object(raw, path, _names(Block))
    kinds = {k.value: k for k in BlockKind}
    if genes["kind"] not in kinds:
        raise SpaceError(f"{path}.kind: {genes['kind']!r} is not one of {', '.join(kinds)}")
    return Block(**{**genes, "kind": kinds[genes["kind"]]})


def _object(raw: Json, path: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise SpaceError(f"{path}: {raw!r} is not an object")
    if raw.keys() != names:
        wrong = sorted(raw.keys() ^ names)
        raise SpaceError(f"{path}: missing or unknown genes: {', '.join(wrong)}")
    return raw


def _names(cls: type) -> set[str]:
    return {f.name for f in fields(cls)}
