"""Data: a named source becomes train, validation and a sealed test split.

``load(config)`` is the whole interface; each source has a file of its own.
"""

from micronas.data.dataset import DataKind, Dataset, DataSplit, FrontEnd, SealedTest, Task
from micronas.data.load import load
from micronas.data.samples import Samples

__all__ = ["DataKind", "DataSplit", "Dataset", "FrontEnd", "Samples", "SealedTest", "Task", "load"]
