"""The supervisor starts what ends, gives up on what keeps ending, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from loyalty.engines import PostgresCluster, ValkeyBroker
from loyalty.engines.places import remove_folder
from loyalty.engines.processes import BEAT, PRIVILEGED_VARIABLES, WEB, WORKER
from loyalty.engines.servers import runs
from loyalty.engines.supervisor import process_environment
from tests.loyalty.engines.conftest import PROJECT, clean_environment, eventually

# Answers 200 to everything, on the port of the environment.
WEB_PROGRAM = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
SERVE = """
import sys
from loyalty.engines import EngineError
from loyalty.engines.processes import Process
from loyalty.engines.supervisor import serve
web, worker = sys.argv[1:]
named = (("web", web), ("worker", worker))
processes = tuple(Process(name, ("python", "-c", text), ()) for name, text in named)
try:
    serve(on_ready=lambda: print("ready", flush=True), processes=processes)
except EngineError as refusal:
    sys.exit(f"error: {refusal}")
"""
SLEEPS = "import time; time.sleep(600)"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def serving(tmp_path):
    """Starts a supervisor of a web and the given worker program; ends it and its children at the end."""
    started = []

    def start(worker):
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, WEB_PROGRAM, worker],
            env=clean_environment(LOYALTY_LOCAL_DIR=str(tmp_path), PORT=str(free_port())),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
    for pid in pids(tmp_path).values():
        os.kill(pid, signal.SIGKILL)


def pids(folder):
    file = folder / "processes.json"
    return json.loads(file.read_text()) if file.exists() else {}


def lives(pid):
    return runs(pid, mark=sys.executable)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process(serving, tmp_path, number):
    supervisor = serving(SLEEPS)
    assert supervisor.stdout.readline() == "ready\n"
    children = pids(tmp_path)

    supervisor.send_signal(number)
    supervisor.wait(timeout=60)

    assert sorted(children) == ["web", "worker"]
    assert not any(lives(pid) for pid in children.values())
    assert not (tmp_path / "processes.json").exists()


def test_a_process_that_ends_is_started_again(serving, tmp_path):
    supervisor = serving(SLEEPS)
    supervisor.stdout.readline()
    first = pids(tmp_path)["worker"]

    os.kill(first, signal.SIGKILL)

    assert eventually(lambda: pids(tmp_path).get("worker", first) != first)
    assert "worker ended with code -9; starting it again in 1 s" in supervisor.stderr.readline()
    assert lives(pids(tmp_path)["worker"])


@pytest.mark.slow
def test_a_process_that_keeps_ending_ends_them_all(serving, tmp_path):
    supervisor = serving("raise SystemExit(9)")

    _, said = supervisor.communicate(timeout=120)

    assert supervisor.returncode == 1
    assert "error: worker ended 4 times in a minute, last with code 9" in said
    assert not pids(tmp_path)


def test_what_a_killed_supervisor_left_is_ended_by_the_next(serving, tmp_path):
    killed = serving(SLEEPS)
    killed.stdout.readline()
    orphans = pids(tmp_path)
    killed.kill()
    killed.wait()
    assert all(lives(pid) for pid in orphans.values())

    heir = serving(SLEEPS)

    assert heir.stdout.readline() == "ready\n"
    assert not any(lives(pid) for pid in orphans.values())


def test_a_second_one_is_refused(serving):
    serving(SLEEPS).stdout.readline()

    _, said = serving(SLEEPS).communicate(timeout=60)

    assert said.startswith("error: Already up")


@pytest.mark.parametrize("name", PRIVILEGED_VARIABLES)
@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_no_process_sees_a_privileged_login(name, suffix):
    seen = process_environment({f"{name}{suffix}": "x", "DATABASE_URL": "y"})

    assert seen == {"DATABASE_URL": "y"}


def test_the_processes_are_web_worker_and_beat():
    assert [process.name for process in (WEB, WORKER, BEAT)] == ["web", "worker", "beat"]


def test_ctrl_c_while_it_comes_up_leaves_nothing_behind(tmp_path):
    up = subprocess.Popen(
        [sys.executable, "-m", "loyalty.engines", "up"],
        env=clean_environment(LOYALTY_LOCAL_DIR=str(tmp_path), PORT=str(free_port())),
        cwd=PROJECT,
        stderr=subprocess.PIPE,
        text=True,
    )
    cluster = PostgresCluster(tmp_path / "postgres")
    assert eventually(lambda: cluster.pid is not None)

    up.send_signal(signal.SIGINT)

    assert up.communicate(timeout=60)[1] == "stopped\n"
    assert up.returncode == 130
    assert cluster.pid is None
    cluster.remove()
    ValkeyBroker(tmp_path / "broker").remove()
    remove_folder(tmp_path / "software")


def test_ctrl_c_in_a_command_is_no_traceback(tmp_path):
    command = subprocess.Popen(
        [sys.executable, "manage.py", "check"],
        env=clean_environment(LOYALTY_LOCAL_DIR=str(tmp_path)),
        cwd=PROJECT,
        stderr=subprocess.PIPE,
        text=True,
    )
    cluster = PostgresCluster(tmp_path / "postgres")
    assert eventually(lambda: cluster.pid is not None)

    command.send_signal(signal.SIGINT)

    assert command.communicate(timeout=60)[1] == "stopped\n"
    assert command.returncode == 130
    cluster.remove()
    ValkeyBroker(tmp_path / "broker").remove()
    remove_folder(tmp_path / "software")
