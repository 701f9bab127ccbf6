"""docker-compose.yml runs what `make up` runs: the same commands, variables, ports and health checks."""

import re
from pathlib import Path

import pytest
import yaml

from loyalty.engines.processes import (
    MIGRATE,
    PORT_DEFAULT,
    PRIVILEGED_VARIABLES,
    PROCESSES,
    READY_PATH,
    SYNC_SCHEDULE,
)

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
ONE_SHOT = ("provision", "migrate", "schedule")
LONG_RUNNING = sorted(set(SERVICES) - set(ONE_SHOT))
OURS = [*ONE_SHOT, "web", "worker", "beat"]
# Read by PostgreSQL's own image, not by us.
FOREIGN_VARIABLES = {"POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"}


def test_the_services_are_the_whole_product():
    assert set(SERVICES) == {"postgres", "pgbouncer", "valkey", *OURS}


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_service_runs_the_command_of_make_up(process):
    service = SERVICES[process.name]

    assert tuple(service["command"]) == process.command
    assert service["healthcheck"]["test"] == ["CMD", *process.health]


def test_the_jobs_before_are_those_of_make_up():
    assert tuple(SERVICES["migrate"]["command"]) == MIGRATE
    assert tuple(SERVICES["schedule"]["command"]) == SYNC_SCHEDULE
    assert all(
        SERVICES[process.name]["depends_on"]["schedule"]["condition"] == "service_completed_successfully"
        for process in PROCESSES
    )


def test_the_image_starts_the_same_web_process():
    command = re.search(r"^CMD (\[.*\])$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)

    assert tuple(yaml.safe_load(command[1])) == PROCESSES[0].command


def test_the_ports_are_those_of_make_up():
    web = SERVICES["web"]

    assert web["environment"]["PORT"] == str(PORT_DEFAULT)
    assert web["ports"] == [f"127.0.0.1:${{PORT:-{PORT_DEFAULT}}}:{PORT_DEFAULT}"]
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["web"]


def test_the_health_check_asks_the_path_that_make_up_waits_for():
    assert f'"{READY_PATH}"' in (PROJECT / "deploy" / "healthcheck.py").read_text()


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_long_running_service_has_a_health_check(name):
    check = SERVICES[name]["healthcheck"]

    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(check)
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", ONE_SHOT)
def test_a_one_shot_job_is_waited_for_instead(name):
    conditions = [
        service["depends_on"][name]["condition"]
        for service in SERVICES.values()
        if name in service.get("depends_on", {})
    ]

    assert conditions
    assert set(conditions) == {"service_completed_successfully"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root(name):
    service = SERVICES[name]

    assert str(service["user"]).split(":")[0] not in {"", "root", "0"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_comes_from_a_file_that_the_service_was_given(name):
    service = SERVICES[name]
    environment = service.get("environment", {})
    named = {Path(value).name for key, value in environment.items() if key.endswith("_FILE")}

    assert named <= set(service.get("secrets", []))
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert not [key for key in environment if re.search(r"(PASSWORD|SECRET|KEY|KEYS|_URL)$", key)]


def test_every_secret_is_made_by_make_secrets(tmp_path):
    program = (PROJECT / "deploy" / "make_secrets.py").read_text()
    scope = {"__file__": str(PROJECT / "deploy" / "make_secrets.py"), "__name__": "made"}
    exec(compile(program, "make_secrets.py", "exec"), scope)
    scope["make_secrets"](tmp_path)
    first = {file.name: file.read_text() for file in tmp_path.iterdir()}
    scope["make_secrets"](tmp_path)

    assert {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()} <= set(first)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == first


@pytest.mark.parametrize("variable", PRIVILEGED_VARIABLES)
def test_privileged_logins_are_for_the_one_shot_jobs_only(variable):
    holders = {name for name in SERVICES if f"{variable}_FILE" in SERVICES[name].get("environment", {})}

    assert holders == ({"provision", "migrate"} if variable == "DATABASE_OWNER_URL" else {"provision"})
    assert not holders & {process.name for process in PROCESSES}


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_is_one_that_the_project_reads(name):
    sources = [
        PROJECT / "loyalty" / "settings.py",
        *PROJECT.glob("deploy/*.py"),
        *PROJECT.glob("loyalty/engines/*.py"),
    ]
    read = "\n".join(source.read_text() for source in sources)
    named = set(SERVICES[name].get("environment", {})) - FOREIGN_VARIABLES

    assert not [key for key in named if f'"{key.removesuffix("_FILE")}"' not in read]


def test_web_worker_and_beat_go_through_the_pool_in_transaction_mode():
    pool = (PROJECT / "deploy" / "pgbouncer" / "pgbouncer.ini").read_text()

    assert "pool_mode = transaction" in pool
    for process in PROCESSES:
        assert SERVICES[process.name]["environment"]["PGBOUNCER"] == "true"


def test_there_is_one_beat():
    assert "deploy" not in SERVICES["beat"]
    assert "replicas" not in str(SERVICES["beat"])
