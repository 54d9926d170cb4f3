"""Search with shared weights: candidates are scored as parts of one supernet before any is trained alone."""
