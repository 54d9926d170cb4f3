"""The genes of an architecture as one line of text, for any search space."""

from __future__ import annotations

from collections.abc import Iterator

from micronas.trial import Json


def genes_text(arch: Json) -> str:
    """``stem: kernel 3, width 8; blocks 1: kind inverted, kernel 5``.

    A switch appears by its name if it is on, and not at all if it is off.
    """
    return "; ".join(_parts(arch, ""))


def flat_genes(arch: Json) -> dict[str, int | float | str | bool | None]:
    """Each gene by its path: ``blocks.0.kernel``. A list of plain values has one gene per place."""
    return dict(_flat(arch, ""))


def _parts(value: Json, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        plain = {key: inner for key, inner in value.items() if not isinstance(inner, dict | list)}
        words = ", ".join(word for key, inner in plain.items() if (word := _word(key, inner)))
        if words:
            yield f"{name}: {words}" if name else words
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                yield from _parts(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for place, inner in enumerate(value, 1):
            yield from _parts(inner, f"{name} {place}".strip())
    elif isinstance(value, list):
        words = " ".join(map(str, value))
        yield f"{name} {words}".strip()
    else:
        yield _word(name, value)


def _word(name: str, value: Json) -> str:
    if isinstance(value, bool):
        return name if value else ""
    return f"{name} {value}".strip()


def _flat(value: Json, path: str) -> Iterator[tuple[str, int | float | str | bool | None]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _flat(inner, f"{path}.{place}" if path else str(place))
    else:
        yield path or "arch", value
