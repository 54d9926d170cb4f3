"""``Budget``: the limits of a search's cost, the section ``budget`` of a configuration."""

from micronas.config import SearchBudget as Budget

__all__ = ["Budget"]
