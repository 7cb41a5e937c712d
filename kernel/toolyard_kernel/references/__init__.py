"""Values too big to be answered with: kept, and read a page at a time."""
