"""micronas: find, build, flash and measure int8 networks for STM32 microcontrollers.

This package imports nothing at the top so that ``import micronas`` stays instant; each stage of the
pipeline is a module of its own (ARCHITECTURE.md shows the order).
"""

__version__ = "0.1.0"
