"""Agents, sessions and the loop that drives them."""
