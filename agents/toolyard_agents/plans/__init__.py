"""Lists of calls that are proposed, approved as one, and carried out once."""
