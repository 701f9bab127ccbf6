"""The one refusal of the engines: it carries a sentence a person can act on."""


class EngineError(Exception):
    """PostgreSQL or the broker cannot be used. The message is one sentence: what is wrong, what helps."""
