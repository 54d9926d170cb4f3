"""What a data set holds and what is wrong with it, before anything is trained: ``micronas data``."""

from micronas.data.survey.figures import LabelCounts, SampleFigures, figures_of
from micronas.data.survey.findings import DataProblem, Weight, findings_of

__all__ = ["DataProblem", "LabelCounts", "SampleFigures", "Weight", "figures_of", "findings_of"]
