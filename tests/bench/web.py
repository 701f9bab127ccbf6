"""A web server to measure, started as `make up` starts it, and requests that come at a rate of their own."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from loyalty.engines.processes import WEB, command_here
from tests.schemas import PROJECT


def open_loop(ask: Callable[[int], None], *, per_s: float, seconds: float, lines: int) -> list[float]:
    """Call `ask` with 0, 1, 2 … at `per_s` a second, whether or not the ones before were answered.

    Seconds of each from when it was due, so that what waits for a free one of `lines` lines is not hidden.
    """

    def answered(number: int, due: float) -> float:
        ask(number)
        return time.perf_counter() - due

    began = time.perf_counter()
    with ThreadPoolExecutor(lines) as crew:
        asked: list[Future[float]] = []
        for number in range(round(per_s * seconds)):
            due = began + number / per_s
            time.sleep(max(0.0, due - time.perf_counter()))
            asked.append(crew.submit(answered, number, due))
        return [one.result() for one in asked]


@contextmanager
def web(environment: Mapping[str, str], application: str) -> Iterator[tuple[int, int]]:
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
