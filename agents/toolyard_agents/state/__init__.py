"""The data of a conversation, and its trace."""
