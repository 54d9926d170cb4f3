"""What a search writes to disk: one folder per run, with everything needed to resume and report it."""

from micronas.store.record import Final, Record
from micronas.store.run_file import DATABASE, SCHEMA_VERSION
from micronas.store.store import Store

__all__ = ["DATABASE", "SCHEMA_VERSION", "Final", "Record", "Store"]
