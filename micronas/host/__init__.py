"""What this machine gives micronas: its data files, installed packages and locks between processes."""
