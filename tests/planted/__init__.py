"""Bugs planted on purpose, one at a time, to see that the tests find each: `python -m tests.planted`."""
