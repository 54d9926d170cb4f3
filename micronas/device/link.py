"""A link carries bytes between the host and a device; the protocol on top decides what they mean."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """Four things that a serial port, QEMU and Renode have in common.

    ``emulated`` says whether figures that come over this link are an emulator's; ``name`` is for messages.
    """

    @property
    def name(self) -> str:
        """What to call the link in a message, for example the port."""
        ...

    @property
    def emulated(self) -> bool:
        """Whether an emulator is at the other end."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """Whatever has arrived, waiting up to ``timeout_s`` for the first byte; empty when nothing came.

        Raises ``DeviceError`` when the other end is gone.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send all of ``data``; raises ``DeviceError`` when that fails or takes too long."""
        ...

    def close(self) -> None:
        """Free the port; may be called again."""
        ...
