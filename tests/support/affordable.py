"""A budget of two minutes."""

from __future__ import annotations

from micronas.config import FinalFitConfig
from micronas.search.affordable import Affordable

LIMIT = Affordable(120.0, 1, epochs=8, share_s=18.0, final_epochs=120, fit=FinalFitConfig())
