"""Keeps web, worker and beat running, and ends them all together.

A process that ends by itself is started again, later each time; one that keeps ending ends them all, because
a system that is half up answers wrongly. The embedded servers are watched too.
"""

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loyalty.engines import EngineError, revive_engines
from loyalty.engines.places import PROJECT, local_folder
from loyalty.engines.processes import (
    MIGRATE,
    PORT_DEFAULT,
    PRIVILEGED_VARIABLES,
    PROCESSES,
    READY_PATH,
    SYNC_SCHEDULE,
    Process,
    command_here,
)
from loyalty.engines.servers import end, runs, wait_until
from loyalty.engines.signals import ended_by_signals

_DEATHS_MAX = 4
_DEATHS_SECONDS = 60
_READY_SECONDS = 90
_LOOK_SECONDS = 0.5
# Web finishes its requests, a worker its short tasks; a longer task is handed to the next worker (acks_late).
_ENDING = [(signal.SIGTERM, 25.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)]


def port() -> int:
    """The web port: PORT, else 8000.

    :raises EngineError: PORT is not a port number
    """
    asked = os.environ.get("PORT") or str(PORT_DEFAULT)
    if not asked.isdecimal() or not 0 < int(asked) < 65536:
        raise EngineError(f"PORT must be a number from 1 to 65535, not {asked!r}.")
    return int(asked)


def clear_the_way() -> None:
    """Refuse before any long work what `serve` would refuse after it; end what a killed run left behind.

    :raises EngineError: this project is up already, or another process listens on the web port
    """
    if holder() is not None:
        raise EngineError("Already up: Ctrl-C in its terminal or `make down` stops it.")
    end_orphans()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("BIND") or "127.0.0.1", port()))
        except OSError as refused:
            raise EngineError(
                f"Port {port()} cannot be used ({refused.strerror}): stop what uses it, or choose another "
                "with PORT=8001."
            ) from refused


def holder() -> int | None:
    """The process id of the `serve` that is up, if any."""
    with _lock_file().open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            written = lock.read()
            return int(written) if written else -1
    return None


def end_orphans() -> None:
    """End web, worker and beat of a supervisor that was killed."""
    pids = _pids_file()
    if holder() is None and pids.exists():
        for pid in json.loads(pids.read_text()).values():
            if runs(pid, mark=sys.executable):
                _say(f"ending process {pid} of a run that was killed")
                end(pid, mark=sys.executable, signals=_ENDING)
        pids.unlink()


def prepare() -> None:
    """Bring the schema (as the owner) and the schedule up to date.

    :raises EngineError: one of the two fails
    """
    for command in (MIGRATE, SYNC_SCHEDULE):
        done = subprocess.run(command_here(command), cwd=PROJECT, check=False)  # noqa: S603 -- our own commands
        if done.returncode:
            raise EngineError(f"`{' '.join(command[1:])}` failed; its reason stands above.")


def serve(*, on_ready: Callable[[], None], processes: tuple[Process, ...] = PROCESSES) -> None:
    """Run web, worker and beat in the foreground until Ctrl-C or SIGTERM; `on_ready` once /readyz is 200.

    Call it inside `engines()`. Logs stand in `.local/log/`.

    :raises EngineError: the port is taken, or a process keeps ending
    """
    clear_the_way()
    with ended_by_signals(), _only_one():
        Supervisor(processes, logs=local_folder() / "log", pids=_pids_file()).run(on_ready=on_ready)


def is_ready() -> bool:
    """Whether /readyz of the local web process answers 200."""
    line = http.client.HTTPConnection("127.0.0.1", port(), timeout=5)
    try:
        line.request("GET", READY_PATH)
        return line.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


@dataclass
class _Child:
    """One running process and its recent deaths (monotonic seconds)."""

    process: Process
    running: "subprocess.Popen[bytes] | None" = None
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=_DEATHS_MAX))
    start_at: float = 0.0


class Supervisor:
    """Starts `processes`, watches them, ends them."""

    def __init__(self, processes: tuple[Process, ...], *, logs: Path, pids: Path) -> None:
        self._children = [_Child(process) for process in processes]
        self._logs = logs
        self._pids = pids

    def run(self, *, on_ready: Callable[[], None]) -> None:
        """Return after Ctrl-C; let SIGTERM's SystemExit pass. Either way nothing of ours runs any more."""
        self._logs.mkdir(exist_ok=True)
        told, give_up = False, time.monotonic() + _READY_SECONDS
        try:
            while True:
                revive_engines()
                self._look()
                if not told and is_ready():
                    told = True
                    on_ready()
                if not told and time.monotonic() > give_up:
                    raise EngineError(
                        f"{READY_PATH} is not ready after {_READY_SECONDS} s (log: {self._logs}/)."
                    )
                time.sleep(_LOOK_SECONDS)
        except KeyboardInterrupt:
            _say("stopping")
        finally:
            self._end_all()

    def _look(self) -> None:
        """Start what is due; note what has ended."""
        for child in self._children:
            if child.running is not None and child.running.poll() is not None:
                self._note_death(child)
            if child.running is None and time.monotonic() >= child.start_at:
                self._start(child)

    def _note_death(self, child: _Child) -> None:
        assert child.running is not None
        now = time.monotonic()
        child.deaths.append(now)
        name, code = child.process.name, child.running.returncode
        log = self._logs / f"{name}.log"
        child.running = None
        if len(child.deaths) == _DEATHS_MAX and now - child.deaths[0] < _DEATHS_SECONDS:
            raise EngineError(
                f"{name} ended {_DEATHS_MAX} times in a minute, last with code {code} (log: {log})."
            )
        pause = 2 ** (len(child.deaths) - 1)
        child.start_at = now + pause
        _say(f"{name} ended with code {code}; starting it again in {pause} s (log: {log})")

    def _start(self, child: _Child) -> None:
        with (self._logs / f"{child.process.name}.log").open("ab") as log:
            child.running = subprocess.Popen(  # noqa: S603 -- our own commands
                command_here(child.process.command),
                cwd=PROJECT,
                env={**process_environment(os.environ), "LOYALTY_HEARTBEAT_DIR": str(self._logs)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        running = {c.process.name: c.running.pid for c in self._children if c.running}
        self._pids.write_text(json.dumps(running))

    def _end_all(self) -> None:
        """Ask all to finish; those who do not are ended with their children."""
        kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for child in self._children:
                if child.running is not None and child.running.poll() is None:
                    child.running.terminate()
            for number, seconds in _ENDING:
                if wait_until(self._all_ended, seconds=seconds):
                    break
                for child in self._children:
                    if child.running is not None and child.running.poll() is None:
                        os.killpg(child.running.pid, number)
            self._pids.unlink(missing_ok=True)
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def _all_ended(self) -> bool:
        return all(child.running is None or child.running.poll() is not None for child in self._children)


def process_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that web, worker and beat see: all but the privileged logins."""
    hidden = {f"{name}{suffix}" for name in PRIVILEGED_VARIABLES for suffix in ("", "_FILE")}
    return {name: value for name, value in environment.items() if name not in hidden}


@contextmanager
def _only_one() -> Iterator[None]:
    """Hold the lock that says who is up. The kernel frees it, whatever ends us."""
    with _lock_file().open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise EngineError("Already up: `make down` stops it.") from taken
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _lock_file() -> Path:
    return local_folder() / "up.lock"


def _pids_file() -> Path:
    return local_folder() / "processes.json"


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
