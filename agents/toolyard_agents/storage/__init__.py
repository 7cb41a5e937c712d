"""Where a runtime keeps what must outlive a call: records, and streams of lines."""
