"""``micronas doctor``: what the other verbs need of this machine, in order or with what to do."""
