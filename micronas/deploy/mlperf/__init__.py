"""MLPerf Tiny: a firmware that works with its public runner, and the same script run by micronas itself. The
output is not an MLPerf result: nothing was submitted to or reviewed by MLCommons.
"""
