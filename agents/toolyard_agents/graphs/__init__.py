"""Workflows as graphs: how one is put together and checked, and how it runs."""
