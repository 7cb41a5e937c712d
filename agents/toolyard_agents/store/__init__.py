"""Sessions that outlive their process."""
