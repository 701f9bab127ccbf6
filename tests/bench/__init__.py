"""`make bench`: the goals of docs/performance.md measured in one run, beside the peers that run here."""
