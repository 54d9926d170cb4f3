"""A link transfers bytes between the host and a device; the protocol on top defines their meaning."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """The interface that serial port, QEMU and Renode have in common.

    ``emulated`` is whether figures over this link come from an emulator; ``name`` is for messages.
    """

    @property
    def name(self) -> str:
        """The name of the link in messages, for example the port."""
        ...

    @property
    def emulated(self) -> bool:
        """Whether the other end is an emulator."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """The bytes that arrived, after waiting up to ``timeout_s`` for the first; empty if there are none.

        Raises ``DeviceError`` if the other end is gone.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send all of ``data``; raises ``DeviceError`` if that fails or takes too long."""
        ...

    def close(self) -> None:
        """Close the port; may be called repeatedly."""
        ...
