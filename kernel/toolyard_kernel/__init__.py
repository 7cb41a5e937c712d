"""What a tool is, and the one gate every call goes through."""
