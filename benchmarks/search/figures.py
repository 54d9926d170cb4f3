"""The result of a cell."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from micronas.trial import Json


@dataclass(frozen=True)
class Figures:
    """Of the int8 network that an entry ends with. ``trained`` is the number of networks that it trained and
    could have reported, ``epochs`` those of the reported one's training, ``chosen`` where it came from.
    ``test`` and ``validation`` are None where no network was found that fits.
    """

    test: float | None
    validation: float | None
    flash_bytes: int
    sram_bytes: int
    trained: int
    epochs: int = 0
    chosen: str = ""
    note: str = ""

    @classmethod
    def of_none(cls, why: str) -> Figures:
        """Of an entry that ends without a network."""
        return cls(test=None, validation=None, flash_bytes=0, sram_bytes=0, trained=0, note=why)

    def to_json(self) -> dict[str, Json]:
        """Its fields."""
        return asdict(self)
