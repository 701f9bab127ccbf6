"""`python -m loyalty.engines up | down | serve | reset`: the whole product on the embedded engines.

`up` returns when /readyz answers 200 and leaves everything running; `down` stops it; `serve` stays in the
foreground; `reset` removes the engines' data.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

from loyalty.engines import EngineError, engines, reset_engines
from loyalty.engines.places import PROJECT, local_folder
from loyalty.engines.servers import runs, wait_until
from loyalty.engines.supervisor import clear_the_way, end_orphans, holder, is_ready, port, prepare, serve

_UP_SECONDS = 180
_DOWN_SECONDS = 120


def main() -> int:
    """Returns the exit code; a refusal is one sentence on stderr."""
    reader = argparse.ArgumentParser(prog="python -m loyalty.engines", description=__doc__)
    reader.add_argument("act", choices=("up", "down", "serve", "reset"))
    act = reader.parse_args().act
    try:
        {"up": _up, "down": _down, "serve": _serve, "reset": reset_engines}[act]()
    except EngineError as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130  # what a shell expects of Ctrl-C
    return 0


def _up() -> None:
    """Start `serve` in the background and wait until it is ready."""
    clear_the_way()
    log = local_folder() / "up.log"
    with log.open("wb") as writing:
        server = subprocess.Popen(
            [sys.executable, "-m", "loyalty.engines", "serve"],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
        )
    is_up = False
    try:
        is_up = _comes_up(server)
    finally:
        # Ctrl-C reaches us alone: nothing half-started may stay behind.
        if not is_up and server.poll() is None:
            server.terminate()
            server.wait()
    if is_up:
        sys.stdout.write(f"up: http://127.0.0.1:{port()}/ (log: {log})\n")
        return
    reasons = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    words = reasons[-1].removeprefix("error: ") if reasons else "it said nothing"
    raise EngineError(f"It did not come up: {words} (log: {log})")


def _comes_up(server: "subprocess.Popen[bytes]") -> bool:
    """Whether `server` answers in time."""
    deadline = time.monotonic() + _UP_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if holder() == server.pid and is_ready():
            return True
        time.sleep(0.2)
    return False


def _down() -> None:
    """Stop what `up` started; nothing to do is not an error."""
    pid = holder()
    if pid is None:
        end_orphans()
        sys.stdout.write("nothing is up\n")
        return
    os.kill(pid, signal.SIGTERM)
    # The process outlives its lock: it still stops the engines.
    if not wait_until(lambda: not runs(pid, mark=sys.executable), seconds=_DOWN_SECONDS):
        raise EngineError(f"Process {pid} has not stopped after {_DOWN_SECONDS} s.")
    sys.stdout.write("down\n")


def _serve() -> None:
    """Run everything until SIGTERM or Ctrl-C."""
    clear_the_way()
    with engines():
        prepare()
        serve(on_ready=lambda: print(f"ready: http://127.0.0.1:{port()}/", flush=True))  # noqa: T201 -- the terminal


if __name__ == "__main__":
    sys.exit(main())
