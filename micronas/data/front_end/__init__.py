"""From raw sound to the features that a network sees, and the file that names them for a device."""
