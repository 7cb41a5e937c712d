"""What holds in every run: which tools there are, which calls a gate must approve, and what may be written down."""
