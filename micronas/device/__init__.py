"""Devices: a link that carries bytes (serial port, QEMU) and the protocol client on top."""
