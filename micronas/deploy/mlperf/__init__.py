"""MLPerf Tiny: a firmware that answers its public runner, and the same script run by micronas itself.

What comes out of it is no MLPerf result: nothing was submitted to or reviewed by MLCommons.
"""
