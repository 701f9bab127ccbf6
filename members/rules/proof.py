"""How an identity came to be a member's, and what such a proof is worth.

- `code`: a one-time code sent to it was entered. `wechat`: WeChat's own sign-in said so.
- `document`: an operator saw a paper that says so (a vehicle licence for a plate).
- `claim`: the member says so. Only plates are taken on a claim.
- Anything else is the channel that told it (`import`, `counter`): the unit says so.

Members' own proofs are the first three. A value that a unit or a member merely told is theirs all the same
while nobody proves better: it is never taken from one member and given to another by itself. Who proves a
phone that an old list gave to somebody else is refused (`identity_of_another`), the proof stays on record,
and a person decides whether the two are one (a match candidate) or the list was wrong.
"""

from typing import Final

CODE: Final = "code"
WECHAT: Final = "wechat"
DOCUMENT: Final = "document"
CLAIM: Final = "claim"
PROVEN: Final = frozenset({CODE, WECHAT, DOCUMENT})


def is_proven(proof: str) -> bool:
    """Whether the member has shown that the identity is theirs; otherwise somebody said so."""
    return proof in PROVEN
