"""Who uses the embedded engines: many processes at once, and the last to leave stops them.

A shared file lock counts the users; the kernel lets go of a killed process's lock by itself. Starting and
stopping happen behind a second, exclusive lock (the gate), so two beginners cannot both start a server.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def shared(folder: Path, *, start: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Use what `start` starts (or finds running) until the block ends; `stop` it if nobody else does."""
    users = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    us = os.getpid()
    try:
        with gate(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                start()
            except BaseException:
                _leave(users, stop)
                raise
        try:
            yield
        finally:
            # A forked child shares the lock; only the process that took it may let go.
            if os.getpid() == us:
                with gate(folder):
                    _leave(users, stop)
    finally:
        os.close(users)


def in_use(folder: Path) -> bool:
    """Whether any process uses the engines at this moment."""
    with gate(folder):
        users = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            return not _alone(users)
        finally:
            os.close(users)


def _leave(users: int, stop: Callable[[], None]) -> None:
    """Let go; whoever finds the lock free is the last and stops the engines."""
    fcntl.flock(users, fcntl.LOCK_UN)
    if _alone(users):
        try:
            stop()
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)


def _alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def gate(folder: Path) -> Iterator[None]:
    """Nobody else starts or stops the engines while the block runs."""
    door = os.open(folder / "gate.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
    finally:
        os.close(door)
