"""What a worker does with one candidate: its task, training, conversion and place on a board."""
