"""Where the simulator acts: a throw-away PostgreSQL cluster that may be killed, and its little world."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loyalty.engines import PostgresCluster
from loyalty.engines.postgres import APP, AUDITOR, OWNER, SUPERUSER
from loyalty.engines.provisioning import provision
from loyalty.engines.signals import ended_by_signals
from tests.databases import Cleaner, signed_in
from tests.schemas import fill_with_schema

DATABASE = "simulated"
# Postings and holds in the order in which they got their locks: the journal itself need not say it. Some
# linger before they go on, so that others come between wherever nothing keeps them out.
ORDER = """
CREATE TABLE simulator_order (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text, id uuid);
CREATE FUNCTION simulator_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO simulator_order (what, id) VALUES (TG_ARGV[0], NEW.id);
    IF random() < 0.05 THEN
        PERFORM pg_sleep(random() * 0.005);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER simulator_posted AFTER INSERT ON points_posting
    FOR EACH ROW EXECUTE FUNCTION simulator_note('posted');
CREATE TRIGGER simulator_held AFTER INSERT ON points_hold
    FOR EACH ROW EXECUTE FUNCTION simulator_note('held');
CREATE TRIGGER simulator_ended AFTER UPDATE OF status ON points_hold
    FOR EACH ROW EXECUTE FUNCTION simulator_note('ended');
"""


@dataclass(frozen=True)
class Place:
    """A running cluster, a folder for what is written down, and the variables that lead workers there."""

    cluster: PostgresCluster
    folder: Path
    environment: dict[str, str]
    cleaner: Cleaner

    def kill(self) -> None:
        """End the server as a power cut would, and start it again."""
        self.cluster.kill()
        self.cluster.start()

    def empty(self) -> None:
        """Take back all that was done there."""
        self.cleaner.clean()

    def kill_backends(self) -> int:
        """End every session of the app in mid-sentence; how many there were."""
        with signed_in(self.cluster.url(SUPERUSER, DATABASE)) as link, link.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = %s", [APP]
            )
            return int(cursor.fetchone()[0])


@contextmanager
def made_place() -> Iterator[Place]:
    """A migrated, empty database of our own; gone at the end."""
    with ended_by_signals(), tempfile.TemporaryDirectory(prefix="ledger-simulator-") as folder:
        cluster = PostgresCluster(Path(folder) / "postgres", settings={"shared_buffers": "256MB"})
        try:
            environment = _prepared(cluster.start())
            yield Place(cluster, Path(folder), environment, Cleaner(cluster.url(SUPERUSER, DATABASE)))
        finally:
            cluster.remove()


def _prepared(cluster: PostgresCluster) -> dict[str, str]:
    provision(cluster.url(), database=DATABASE, passwords=cluster.passwords(), variable="DATABASE_ADMIN_URL")
    urls = {"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER, "DATABASE_AUDITOR_URL": AUDITOR}
    given = {name: cluster.url(role, DATABASE) for name, role in urls.items()}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    environment |= given | {
        "DJANGO_SETTINGS_MODULE": "loyalty.settings",
        "BROKER_URL": "memory://",
        "LOYALTY_ENV": "test",
        "LOG_LEVEL": "ERROR",
    }
    environment.pop("LOYALTY_FAKE_NOW", None)
    fill_with_schema(given, admin_url=cluster.url(SUPERUSER, DATABASE))
    with signed_in(cluster.url(OWNER, DATABASE)) as link, link.cursor() as cursor:
        cursor.execute(ORDER)
    return environment
