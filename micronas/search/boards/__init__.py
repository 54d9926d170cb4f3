"""One search for several boards."""
