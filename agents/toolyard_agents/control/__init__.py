"""Steering a run from outside of its process, by a file in its session's folder."""
