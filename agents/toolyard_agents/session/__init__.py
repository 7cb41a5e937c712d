"""A session, and the runs that go on in it."""
