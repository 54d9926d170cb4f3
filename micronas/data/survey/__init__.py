"""What a data set holds and what is wrong with it, before anything is trained: ``micronas data``."""

from micronas.data.survey.figures import ClassCounts, Figures, figures_of
from micronas.data.survey.findings import Finding, Weight, findings_of

__all__ = ["ClassCounts", "Figures", "Finding", "Weight", "figures_of", "findings_of"]
