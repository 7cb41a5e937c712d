"""Permission profiles: what a caller may do, as data."""
