"""A points ledger as it is usually written with an ORM: the peer that most teams would build."""
