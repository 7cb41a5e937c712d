"""What a tool is, how one is made, and the registry that holds them."""
