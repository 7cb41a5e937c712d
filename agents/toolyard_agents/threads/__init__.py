"""Conversations that last: whose they are, where they are kept, and whose turn it is."""
