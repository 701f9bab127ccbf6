"""Signs of life of worker and beat: each touches a file, which its health check reads the age of."""

import os
import tempfile
from pathlib import Path
from typing import Any

from celery import bootsteps

BEAT_SECONDS = 5.0


def heartbeat_file(process: str) -> Path:
    """Where `process` (worker or beat) leaves its sign; LOYALTY_HEARTBEAT_DIR chooses the folder."""
    return (
        Path(os.environ.get("LOYALTY_HEARTBEAT_DIR") or tempfile.gettempdir())
        / f"loyalty-{process}.heartbeat"
    )


class WorkerHeartbeat(bootsteps.StartStopStep):
    """Touches the worker's file from its own event loop: a hung loop stops beating."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        heartbeat_file("worker").touch()
        self._timer = parent.timer.call_repeatedly(BEAT_SECONDS, heartbeat_file("worker").touch, priority=10)

    def stop(self, parent: Any) -> None:  # noqa: ARG002 -- Celery's signature
        if self._timer is not None:
            self._timer.cancel()
        heartbeat_file("worker").unlink(missing_ok=True)
