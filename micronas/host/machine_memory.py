"""How much memory this machine has, or the container in which the program runs."""

from __future__ import annotations

from pathlib import Path

_LIMIT_FILES = ("memory.max", "memory/memory.limit_in_bytes")
"""Of control groups, version 2 and 1, as a container sees its own."""


def machine_memory_bytes(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Physical memory, or the limit of the control group if that is lower."""
    import psutil

    limits = [limit for name in _LIMIT_FILES if (limit := _limit(groups / name)) is not None]
    return min([int(psutil.virtual_memory().total), *limits])


def _limit(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None  # "max" is no limit
