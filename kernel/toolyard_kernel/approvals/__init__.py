"""Approvals: one answer to one ask, for one caller, tool, arguments and policy, used once."""
