"""From an int8 network to figures: build, run on a device, compare with the reference, measure."""
