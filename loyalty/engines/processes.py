"""The three processes of the product: the one place that says how each is started and asked for its health.

`make up`, `make demo` and docker-compose.yml run these same commands (tests/loyalty/test_compose.py).
"""

import sys
from dataclasses import dataclass

# The only variables that lead to more than the app role's rights. Web, worker and beat never see them.
PRIVILEGED_VARIABLES = ("DATABASE_OWNER_URL", "DATABASE_AUDITOR_URL", "DATABASE_ADMIN_URL")
PORT_DEFAULT = 8000
READY_PATH = "/readyz"


@dataclass(frozen=True)
class Process:
    """One kind of process. Commands start with the word `python`; see `command_here`."""

    name: str
    command: tuple[str, ...]
    health: tuple[str, ...]


WEB = Process(
    name="web",
    command=("python", "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "loyalty.wsgi:application"),
    health=("python", "deploy/healthcheck.py", "web"),
)
WORKER = Process(
    name="worker",
    command=("python", "-m", "celery", "--app", "loyalty", "worker", "--loglevel", "INFO"),
    health=("python", "deploy/healthcheck.py", "worker"),
)
BEAT = Process(
    name="beat",
    # Two beats would send everything twice: there is one, and it leaves no pid file behind.
    command=("python", "-m", "celery", "--app", "loyalty", "beat", "--loglevel", "INFO", "--pidfile="),
    health=("python", "deploy/healthcheck.py", "beat"),
)
PROCESSES = (WEB, WORKER, BEAT)

# What must have run, as the owner, before the processes start.
MIGRATE = ("python", "manage.py", "migrate", "--no-input")
SYNC_SCHEDULE = ("python", "manage.py", "sync_schedule")


def command_here(command: tuple[str, ...]) -> list[str]:
    """`command` with this environment's Python."""
    assert command[0] == "python"
    return [sys.executable, *command[1:]]
