"""``Budget``: what a search may cost. The section ``budget`` of a configuration, by the name of the API."""

from micronas.config import SearchBudget as Budget

__all__ = ["Budget"]
