"""A user's additions to a board's platform: samples to read, and a script.

The samples are placed in a memory that the chip does not have (the address range of external memory), so that
a whole application can be tested with them: a 32-bit little-endian count of bytes, then the bytes of the
file.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from micronas.device.renode.commands import path_token

FEED_ORIGIN = 0x6000_0000
FEED_FILE = "feed.bin"
_PAGE = 1 << 10


@dataclass(frozen=True)
class Additions:
    """``feed``: the samples' bytes; ``include``: a script that runs when the machine is created and
    loaded.
    """

    feed: bytes | None = None
    include: Path | None = None

    def platform_text(self) -> str:
        """The text that follows the board's own entries in its .repl."""
        if self.feed is None:
            return ""
        size = -(-len(self._image(self.feed)) // _PAGE) * _PAGE
        return (
            "\n// Samples for the application: a 32-bit count of bytes, then the bytes.\n\n"
            f"feed: Memory.MappedMemory @ sysbus {FEED_ORIGIN:#010x}\n    size: {size:#x}\n"
        )

    def script_lines(self, folder: Path) -> list[str]:
        """Commands of the .resc in ``folder`` that follow the loading of the firmware."""
        lines = []
        if self.feed is not None:
            lines.append(f"sysbus LoadBinary $ORIGIN/{FEED_FILE} {FEED_ORIGIN:#010x}")
        if self.include is not None:
            relative = os.path.relpath(self.include.resolve(), folder.resolve())
            lines.append(f"include $ORIGIN/{path_token(Path(relative)).removeprefix('@')}")
        return lines

    def write(self, folder: Path) -> list[Path]:
        """Write the files that the script loads, and return their paths."""
        if self.feed is None:
            return []
        path = folder / FEED_FILE
        path.write_bytes(self._image(self.feed))
        return [path]

    @staticmethod
    def _image(samples: bytes) -> bytes:
        return struct.pack("<I", len(samples)) + samples


NOTHING = Additions()
