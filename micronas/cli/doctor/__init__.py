"""``micronas doctor``: checks of everything that the other verbs need on this machine."""
