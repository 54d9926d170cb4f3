"""Strategies whose aim is a front, compared with real trainings."""
