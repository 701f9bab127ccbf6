"""P7: an earn over HTTP, through gunicorn as `make up` runs it, beside an empty view and the ORM ledger's."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from loyalty.engines.processes import WEB, command_here
from tests.bench.crew import Crew
from tests.bench.place import manage
from tests.bench.run import LEDGER, PEERS, Run, per_s
from tests.schemas import PROJECT

CLIENTS = 8
# A key may ask 6,000 times a minute.
KEYS = 30


def measure(run: Run) -> None:
    """Both web servers are up throughout; the crews take turns."""
    tokens = _tokens(run)
    members = {"members": run.scale.members}
    product, peer = run.place.environment(LEDGER), run.place.environment(PEERS, "tests.bench.peer_settings")
    with _web(product, "loyalty.wsgi:application") as web, _web(peer, "loyalty.wsgi:application") as peers:
        told = run.compare(
            [
                Crew("HTTP, empty DRF view", "web:nothing", CLIENTS, {"port": web[1]}, helper=web[0]),
                Crew(
                    "HTTP earn",
                    "web:activity",
                    CLIENTS,
                    {"port": web[1], "tokens": tokens, **members},
                    helper=web[0],
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
        },
    )
    run.skipped.append("HTTP batch of 100: the partner surface has no batch route for activities yet")


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


@contextmanager
def _web(environment: Mapping[str, str], application: str) -> Iterator[tuple[int, int]]:
    """gunicorn by the product's own command; its process id and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*command_here(WEB.command)[:-1], application]
    server = subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**environment, "PORT": str(port), "BIND": "127.0.0.1", "PYTHONPATH": str(PROJECT)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(server, port)
        yield server.pid, port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


def _await(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            line.request("GET", "/")
            answer = line.getresponse()
            answer.read()
        except OSError:
            time.sleep(0.1)
        else:
            if answer.status >= 500:
                raise RuntimeError(f"the web server on port {port} answers {answer.status}")
            return
        finally:
            line.close()
    raise RuntimeError(f"the web server on port {port} did not answer (exit code {server.poll()})")
