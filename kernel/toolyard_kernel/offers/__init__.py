"""What else a runtime offers to read: resources and prompts."""
