"""The runtime of many agents: one object behind every door."""
