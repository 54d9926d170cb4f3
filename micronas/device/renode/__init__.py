"""Renode as a board: a platform generated from the profile, the board's own ELF, its UART on a socket.

Renode brings models of the cores and of both generations of STM32's USART, which is all that the firmware
needs; everything else a port touches is given as plain memory. What Renode counts are executed instructions:
it knows no pipeline and no wait states.
"""

from micronas.device.renode.device import LISTENS_EVERYWHERE, RenodeDevice
from micronas.device.renode.find import find_renode, require_renode
from micronas.device.renode.platform import require_modelled

__all__ = ["LISTENS_EVERYWHERE", "RenodeDevice", "find_renode", "require_modelled", "require_renode"]
