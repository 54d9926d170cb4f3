"""Calibration: the timing model of a board's core, fitted to cycles that the board itself counted.

A network of many small ops (``network.py``) is built, flashed and profiled at two clocks that need different
numbers of flash wait states (``run.py``). QEMU counts the classes of instructions of the same ops. The
weights of the classes and the cost of a missed line of flash are then fitted, starting from the core's
uncalibrated model (``fit.py``). Where the board's arenas may lie in other memories, the same ops are measured
there, too, and what a load or store costs more is fitted.
"""

from micronas.deploy.calibration.fit import FittedTerms, Observed, fit_memory, fit_weights
from micronas.deploy.calibration.run import calibrate, calibration_boards

__all__ = ["FittedTerms", "Observed", "calibrate", "calibration_boards", "fit_memory", "fit_weights"]
