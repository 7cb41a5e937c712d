"""What a runtime is made of, as data."""
