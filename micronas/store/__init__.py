"""What a search leaves on the disk: a folder per run, with everything it is resumed and reported from."""

from micronas.store.record import Final, Record
from micronas.store.run_file import DATABASE, SCHEMA_VERSION
from micronas.store.store import Store

__all__ = ["DATABASE", "SCHEMA_VERSION", "Final", "Record", "Store"]
