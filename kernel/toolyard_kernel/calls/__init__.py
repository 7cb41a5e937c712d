"""The path of one call: the gate, what it decides, and how a handler is run."""
