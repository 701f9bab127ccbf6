"""P7: earns over HTTP, through gunicorn as `make up` runs it, beside an empty view and the ORM ledger's."""

from tests.bench.crew import Crew
from tests.bench.place import manage
from tests.bench.run import LEDGER, PEERS, Run, per_s
from tests.bench.web import web

CLIENTS = 8
# A key may ask 6,000 times a minute.
KEYS = 30
BATCH = 100


def measure(run: Run) -> None:
    """Both web servers are up throughout; the crews take turns."""
    tokens = _tokens(run)
    members = {"members": run.scale.members}
    product, peer = run.place.environment(LEDGER), run.place.environment(PEERS, "tests.bench.peer_settings")
    with web(product, "loyalty.wsgi:application") as ours, web(peer, "loyalty.wsgi:application") as peers:
        told = run.compare(
            [
                Crew("HTTP, empty DRF view", "web:nothing", CLIENTS, {"port": ours[1]}, helper=ours[0]),
                Crew(
                    "HTTP earn",
                    "web:activity",
                    CLIENTS,
                    {"port": ours[1], "tokens": tokens, **members},
                    helper=ours[0],
                ),
                Crew(
                    "HTTP earns in batches of 100",
                    "web:activities",
                    CLIENTS,
                    {"port": ours[1], "tokens": tokens, "batch": BATCH, **members},
                    helper=ours[0],
                ),
                Crew(
                    "HTTP, DRF and ORM ledger",
                    "web:orm_earn",
                    CLIENTS,
                    {"port": peers[1], **members},
                    helper=peers[0],
                ),
            ]
        )
    run.ratios(
        "P7",
        told,
        per_s,
        {
            "http_vs_orm": ("HTTP earn", "HTTP, DRF and ORM ledger"),
            "http_vs_nothing": ("HTTP earn", "HTTP, empty DRF view"),
            "http_batch_vs_single": ("HTTP earns in batches of 100", "HTTP earn"),
        },
    )


def _tokens(run: Run) -> list[str]:
    made = manage(run.place.environment(LEDGER), "shell", "--verbosity", "0", "--command", _ISSUING)
    return made.split()


_ISSUING = f"""
from datetime import UTC, datetime
from units.models import BusinessUnit
from units.services.partner_keys import issue_partner_key

units = [BusinessUnit.objects.get(code="BENCH1")]
for number in range({KEYS}):
    key, token = issue_partner_key(
        name=f"till {{number}}",
        units=units,
        scopes=["activities:report"],
        by="bench",
        at=datetime.now(tz=UTC),
    )
    print(token)
"""
