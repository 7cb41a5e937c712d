"""Several agents, served as tools that run them."""
