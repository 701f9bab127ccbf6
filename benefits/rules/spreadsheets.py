"""Texts in files that spreadsheets open."""

from typing import Final

# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV injection).
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(text: str) -> str:
    """`text` as a cell that no spreadsheet computes: an apostrophe goes before what looks like a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
