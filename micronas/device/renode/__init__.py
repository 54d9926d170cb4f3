"""Renode as a device: a platform generated from the board profile, the board's own ELF, its UART on a socket.

Renode has models of the cores and of both generations of STM32 USARTs, which is all that the firmware needs.
All other registers that a port accesses are plain memory. Renode counts executed instructions; it models
neither a pipeline nor wait states.
"""

from micronas.device.renode.device import LISTENS_EVERYWHERE, RenodeDevice
from micronas.device.renode.find import find_renode, require_renode
from micronas.device.renode.platform import require_modelled

__all__ = ["LISTENS_EVERYWHERE", "RenodeDevice", "find_renode", "require_modelled", "require_renode"]
