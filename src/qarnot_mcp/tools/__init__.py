"""What the model sees: the eight tools, their arguments and their answers."""
