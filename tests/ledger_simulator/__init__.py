"""Seeded random operations by many processes against the real ledger, judged by a pure-Python oracle."""
