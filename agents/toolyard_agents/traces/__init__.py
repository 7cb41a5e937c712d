"""What happened in a run, written down as it happens, and played again."""
