"""A pool of boards of one profile behind one search."""
