"""Devices: a link that transfers bytes (serial port, QEMU) and the protocol client on top."""
