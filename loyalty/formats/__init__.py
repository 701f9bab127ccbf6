"""Formats of days and instants, a folder a language."""
