"""How an agent is configured, in Python and in YAML."""
