"""The machine's environment: data files of micronas, installed packages and locks between processes."""
