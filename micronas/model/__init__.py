"""An int8 network as data: what it is, how it is read, what it computes and what it can lose unchanged."""
