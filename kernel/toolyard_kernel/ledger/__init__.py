"""The ledger: the append-only record of every call, written before and after it."""
