"""Data: a named source becomes train, validation and a sealed test split.

``load(config)`` is the whole interface; each source has a file of its own.
"""

from micronas.data.dataset import DataKind, Dataset, DataSplit, FrontEnd, SealedTest, Task
from micronas.data.load import load

__all__ = ["DataKind", "DataSplit", "Dataset", "FrontEnd", "SealedTest", "Task", "load"]
