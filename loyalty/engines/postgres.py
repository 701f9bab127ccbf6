"""A private PostgreSQL cluster in a folder: start, adopt, stop, kill.

Listens on 127.0.0.1 only, asks for passwords (scram-sha-256), keeps data checksums and fsync on.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from loyalty.engines.errors import EngineError
from loyalty.engines.places import (
    Account,
    local_folder,
    postgres_programs,
    reachable_folder,
    remove_folder,
    server_account,
)
from loyalty.engines.servers import HOST, end, kept_secrets, last_words, port_to_use, reap, runs

SUPERUSER = "postgres"
OWNER, APP, AUDITOR = "loyalty_owner", "loyalty_app", "loyalty_auditor"
DATABASE = "loyalty"

# LC_ALL=C would make pg_trgm blind to Chinese; macOS knows no C.UTF-8 before version 15.
_CTYPE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path may not exceed 107 bytes; a port has no such limit
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",  # short statements only; compiling them costs more than it gains
    "random_page_cost": "1.1",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] %u@%d ",
}
_STARTING_SECONDS = 300  # crash recovery replays the log before it answers
_LOG_BYTES_MAX = 20_000_000
# The last line of postmaster.pid once the server answers; a standby answers readers.
_ANSWERS = ("ready", "standby")


class PostgresCluster:
    """One PostgreSQL server whose data are in `folder`. Not thread-safe: `engines()` has a lock."""

    def __init__(
        self, folder: Path, *, settings: Mapping[str, str] | None = None, programs: Path | None = None
    ) -> None:
        """Look at `folder` (made if absent). `settings` overrides the server's, `programs` the binaries."""
        self._account: Account = server_account()
        self._named = folder.absolute()
        self._settings = {**_SETTINGS, **(settings or {})}
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._named.parent.mkdir(parents=True, exist_ok=True)
            self.folder = reachable_folder(self._named, self._account)
        except OSError as refused:
            raise EngineError(f"Cannot write in {folder} ({refused.strerror}).") from refused
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, if it runs."""
        lines = self._lock_lines()
        running = bool(lines) and runs(int(lines[0]), mark=str(self.data))
        return int(lines[0]) if running else None

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def url(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        """The URL with which `role` signs in to `database`."""
        return f"postgresql://{role}:{self.passwords()[role]}@{HOST}:{self.port}/{database}"

    def passwords(self) -> dict[str, str]:
        """Each role's password, random, kept 0600 beside the data."""
        return kept_secrets(self.folder / "passwords.json", (SUPERUSER, OWNER, APP, AUDITOR))

    def start(self) -> "PostgresCluster":
        """Start the server, or adopt the one that a killed run left behind. Returns itself, ready.

        :raises EngineError: it does not start; names the server's last words
        """
        try:
            if self.pid is None:
                if not (self.data / "PG_VERSION").exists():
                    self._initialise()
                self._drop_misleading_lock()
                self._launch()
            self._await_ready()
        except OSError as refused:
            raise EngineError(f"PostgreSQL cannot use {self.folder} ({refused.strerror}).") from refused
        return self

    def stop(self) -> None:
        """Stop cleanly (a fast shutdown: sessions are ended, a checkpoint is written)."""
        pid = self.pid
        if pid is not None:
            end(
                pid,
                mark=str(self.data),
                signals=[(signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 5)],
            )
            reap(self._process)
        self._process = None

    def kill(self) -> None:
        """End the postmaster with SIGKILL, as a power cut would."""
        pid = self.pid
        if pid is not None:
            end(pid, mark=str(self.data), signals=[(signal.SIGKILL, 10)])
            reap(self._process)
        self._process = None

    def remove(self) -> None:
        """Stop the server and remove everything it wrote."""
        self.stop()
        remove_folder(self._named)

    # --- starting ---

    def _initialise(self) -> None:
        """Make an empty cluster: complete, or not there."""
        programs = self._found_programs()
        with tempfile.TemporaryDirectory(prefix="init-", dir=self.folder) as workshop:
            room = self._account.owns(Path(workshop))
            password = room / "password"
            password.touch(mode=0o600)
            password.write_text(self.passwords()[SUPERUSER])
            self._account.owns(password)
            self._run(
                str(programs / "initdb"),
                *("--pgdata", str(room / "data"), "--username", SUPERUSER, "--pwfile", str(password)),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", f"--lc-ctype={_CTYPE}"),
                *("--data-checksums", "--no-instructions"),
            )
            (room / "data").rename(self.data)

    def _run(self, *command: str) -> None:
        done = subprocess.run(  # noqa: S603 -- our own binaries
            command,
            cwd=self.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self._account.identity(),
        )
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
            raise EngineError(f"{Path(command[0]).name} failed: {words[-1]}")

    def _launch(self) -> None:
        """Start the server in its own session, so that Ctrl-C reaches us first, and it last."""
        programs = self._found_programs()
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES_MAX:
            self.log.rename(self.log.with_suffix(".log.1"))
        settings = {**self._compression(programs), **self._settings}
        port = port_to_use(self.folder / "port")
        command = [str(programs / "postgres"), "-D", str(self.data), "-p", str(port)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own binaries
                command,
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._account.identity(),
            )

    def _await_ready(self) -> None:
        """Wait until the server answers; start it again where a killed run still holds something."""
        deadline = time.monotonic() + _STARTING_SECONDS
        second_tries = 50
        while time.monotonic() < deadline:
            lines = self._lock_lines()
            if self.pid is not None and len(lines) > 7 and lines[7].strip() in _ANSWERS:
                (self.folder / "port").write_text(lines[3])
                return
            if self.pid is None and (self._process is None or self._process.poll() is not None):
                words = last_words(self.log)
                # Sessions of a killed server take a moment to notice; a port may be taken in between.
                passing = "still in use" in words or "already exists" in words or "listen" in words
                if not passing or not second_tries:
                    raise EngineError(f"PostgreSQL did not start: {words} (log: {self.log}).")
                second_tries -= 1
                time.sleep(0.2)
                self._launch()
            time.sleep(0.02)
        raise EngineError(f"PostgreSQL is not ready after {_STARTING_SECONDS} s (log: {self.log}).")

    def _drop_misleading_lock(self) -> None:
        """Remove postmaster.pid if its number now belongs to a stranger; the server would believe it."""
        lines = self._lock_lines()
        if lines and not runs(int(lines[0]), mark=str(self.data)) and _exists(int(lines[0])):
            (self.data / "postmaster.pid").unlink()

    def _lock_lines(self) -> list[str]:
        """The lines of postmaster.pid: pid, data, start, port, socket, host, memory, status."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _found_programs(self) -> Path:
        if self._programs is None:
            self._programs = postgres_programs(local_folder(), self._account)
        return self._programs

    def _compression(self, programs: Path) -> dict[str, str]:
        """lz4 for the log where the server was built with it; pglz would cost more than it saves."""
        built = subprocess.run(  # noqa: S603 -- our own binaries
            [str(programs / "pg_config"), "--configure"], capture_output=True, text=True, check=False
        )
        return {"wal_compression": "lz4"} if "--with-lz4" in built.stdout else {}


def _environment() -> dict[str, str]:
    """A server's environment: nothing of ours, above all no PG* variable and no secret."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": _CTYPE, "TZ": "UTC"}


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
