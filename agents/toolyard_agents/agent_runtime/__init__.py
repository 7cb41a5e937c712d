"""Agents as a service runs them: created, dispatched, cancelled, reconfigured and closed by plain functions."""
