"""Values too big for a context, and the small views of them."""
