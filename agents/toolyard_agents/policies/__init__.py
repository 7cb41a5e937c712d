"""How a run goes from its prompt to its answer: one policy a file, all behind one Protocol."""
