"""System prompts: what they are read from, and the sandbox their variables are filled in."""
