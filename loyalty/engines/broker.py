"""A private Valkey in a folder, as Celery's broker: start, adopt, stop, kill.

Listens on 127.0.0.1 only and asks for a password. Queued tasks survive a restart (append-only file).
"""

import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loyalty.engines.errors import EngineError
from loyalty.engines.places import (
    local_folder,
    reachable_folder,
    remove_folder,
    server_account,
    valkey_program,
)
from loyalty.engines.servers import HOST, end, kept_secrets, last_words, port_to_use, reap, runs

_STARTING_SECONDS = 30
_ANSWER_SECONDS = 5


class ValkeyBroker:
    """One Valkey server whose data are in `folder`. Not thread-safe; `engines()` holds a lock around it."""

    def __init__(self, folder: Path) -> None:
        self._account = server_account()
        self._named = folder.absolute()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._named.parent.mkdir(parents=True, exist_ok=True)
            self.folder = reachable_folder(self._named, self._account)
        except OSError as refused:
            raise EngineError(f"Cannot write in {folder} ({refused.strerror}).") from refused
        self.data = self.folder / "data"
        self.log = self.folder / "valkey.log"

    @property
    def pid(self) -> int | None:
        """The server's process id, if it runs."""
        try:
            pid = int((self.data / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if runs(pid, mark=str(self.data)) else None

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    @property
    def url(self) -> str:
        """The broker's URL, with its password."""
        return f"redis://:{self._password()}@{HOST}:{self.port}/0"

    def start(self) -> "ValkeyBroker":
        """Start the server, or adopt the one that a killed run left behind. Returns itself, ready.

        :raises EngineError: it does not start; names the server's last words
        """
        try:
            if self.pid is None:
                self._launch()
            self._await_ready()
        except OSError as refused:
            raise EngineError(f"The broker cannot use {self.folder} ({refused.strerror}).") from refused
        return self

    def stop(self) -> None:
        """Stop cleanly: what is queued is on disk."""
        self._end([(signal.SIGTERM, 20), (signal.SIGKILL, 5)])

    def kill(self) -> None:
        """End the server with SIGKILL."""
        self._end([(signal.SIGKILL, 10)])

    def remove(self) -> None:
        """Stop the server and remove everything it wrote."""
        self.stop()
        remove_folder(self._named)

    def _end(self, signals: list[tuple[signal.Signals, float]]) -> None:
        pid = self.pid
        if pid is not None:
            end(pid, mark=str(self.data), signals=signals)
            reap(self._process)
        self._process = None

    def _launch(self) -> None:
        """Start the server in its own session. The password goes through stdin, not the command line."""
        program = valkey_program(local_folder(), self._account)
        if not self.data.is_dir():
            self.data.mkdir(mode=0o700)
            self._account.owns(self.data)
        port = port_to_use(self.folder / "port")
        # `--dir` stands on the command line so that `runs` recognises the process.
        command = [str(program), "-", "--dir", str(self.data), "--set-proc-title", "no"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own binary
                command,
                cwd=self.folder,
                env={"LC_ALL": "C"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._account.identity(),
            )
        assert self._process.stdin is not None
        try:
            with self._process.stdin as config:
                config.write(self._config(port).encode())
        except BrokenPipeError:
            return  # it ended before reading; _await_ready tells its last words

    def _config(self, port: int) -> str:
        return "\n".join(
            [
                f"bind {HOST}",
                f"port {port}",
                f"requirepass {self._password()}",
                f'pidfile "{self.data / "valkey.pid"}"',
                "appendonly yes",
                "maxmemory 256mb",
                "maxmemory-policy noeviction",  # a full broker must refuse, never forget a task
                'save ""',
                "",
            ]
        )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _STARTING_SECONDS
        second_tries = 10
        while time.monotonic() < deadline:
            if self.pid is not None and _answers(self.url):
                return
            if self._process is None or self._process.poll() is not None:
                words = last_words(self.log)
                if not second_tries or "bind" not in words.lower():
                    raise EngineError(f"The broker did not start: {words} (log: {self.log}).")
                second_tries -= 1
                self._launch()
            time.sleep(0.02)
        raise EngineError(f"The broker is not ready after {_STARTING_SECONDS} s (log: {self.log}).")

    def _password(self) -> str:
        return kept_secrets(self.folder / "passwords.json", ("broker",))["broker"]


def check_broker(url: str) -> None:
    """Refuse a BROKER_URL that does not answer. Redis and Valkey are asked; others must accept a connection.

    :raises EngineError: the URL is malformed, nobody answers, or the password is refused
    """
    like = "BROKER_URL must look like redis://:password@host:6379/0 or amqp://user:password@host//."
    try:
        parts = urlsplit(url)
        named_port = parts.port
    except ValueError as malformed:
        raise EngineError(like) from malformed
    if parts.scheme == "memory":
        return
    default_port = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}.get(parts.scheme)
    if default_port is None or not parts.hostname:
        raise EngineError(like)
    port = named_port or default_port
    place = f"{parts.hostname}:{port}"
    try:
        if parts.scheme == "redis":
            answer = _ask(url)
        else:
            with socket.create_connection((parts.hostname, port), timeout=_ANSWER_SECONDS):
                return
    except OSError as refused:
        raise EngineError(
            f"BROKER_URL: no broker answers at {place} ({refused.strerror or refused})."
        ) from refused
    if "+PONG" not in answer:
        raise EngineError(f"BROKER_URL: the broker at {place} refuses: {answer.strip()[:80] or 'no answer'}.")


def _answers(url: str) -> bool:
    try:
        return "+PONG" in _ask(url)
    except OSError:
        return False


def _ask(url: str) -> str:
    """What a Redis or Valkey says to sign-in and PING (without the sign-in's +OK)."""
    parts = urlsplit(url)
    words = ["PING\r\n"]
    if parts.password:
        words.insert(0, f"AUTH {unquote(parts.username or 'default')} {unquote(parts.password)}\r\n")
    with socket.create_connection((parts.hostname, parts.port or 6379), timeout=_ANSWER_SECONDS) as line:
        line.sendall("".join(words).encode())
        answer = ""
        while "+PONG" not in answer and "-" not in answer:
            heard = line.recv(4096)
            if not heard:
                break
            answer += heard.decode(errors="replace")
    return answer.removeprefix("+OK\r\n")
