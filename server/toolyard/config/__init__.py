"""One YAML file: what is served, to whom, under which profile."""
