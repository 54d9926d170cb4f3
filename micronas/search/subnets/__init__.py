"""Search with shared weights: candidates scored as parts of one supernet before any is trained alone."""
