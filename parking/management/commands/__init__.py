"""Commands of parking."""
