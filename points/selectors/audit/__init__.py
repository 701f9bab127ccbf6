"""The audit: every line of "always true" re-proved from the rows, and each row that disagrees named.

Most checks are one set-based statement that returns the rows that break it. They read as whoever asks (the app
or the auditor) in one snapshot, so that a posting in flight is seen whole or not at all.
"""

from points.selectors.audit.checks import Disagreement
from points.selectors.audit.run import CHECKS, AuditReport, add_checks, all_checks, audit

__all__ = ["CHECKS", "AuditReport", "Disagreement", "add_checks", "all_checks", "audit"]
