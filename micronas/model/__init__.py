"""An int8 network as data: the graph, its file format, its arithmetic, and removal of constant channels."""
