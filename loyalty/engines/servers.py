"""What both embedded servers share: ports, life signs, ending, secrets kept 0600."""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from loyalty.engines.errors import EngineError

HOST = "127.0.0.1"


def port_to_use(remembered: Path) -> int:
    """The port of the last start if it is free, else any free one. Written into `remembered`."""
    wanted = int(remembered.read_text()) if remembered.exists() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    remembered.write_text(str(port))
    return port


def runs(pid: int, *, mark: str) -> bool:
    """Whether process `pid` lives and has `mark` in its command line (a pid may have been given anew)."""
    command = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return mark.encode() in command.read_bytes()
        except OSError:
            return False
    listing = subprocess.run(  # noqa: S603 -- fixed words
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return mark in listing.stdout


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether `condition` came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end(pid: int, *, mark: str, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send `signals` one after the other, each with its seconds of patience, until the process is gone."""
    for number, seconds in signals:
        if not runs(pid, mark=mark):
            return
        os.kill(pid, number)
        if wait_until(lambda: not runs(pid, mark=mark), seconds=seconds):
            return
    raise EngineError(f"Process {pid} ({mark}) does not end.")


def reap(process: "subprocess.Popen[bytes] | None") -> None:
    """Collect our own child after its end, so that no zombie keeps its pid."""
    if process is not None:
        process.wait(timeout=30)


def kept_secrets(file: Path, names: Sequence[str]) -> dict[str, str]:
    """The random secrets in `file` (0600), made for names that have none yet."""
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in names if name not in kept]
    if missing:
        kept |= {name: secrets.token_hex(24) for name in missing}
        unfinished = file.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(kept))
        unfinished.rename(file)
    return kept


def last_words(log: Path) -> str:
    """The reason in a server's log: its last FATAL or error line, else its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    loud = [line for line in lines if "FATAL" in line or "PANIC" in line or "error" in line.lower()]
    return (loud or lines or ["it said nothing"])[-1]
