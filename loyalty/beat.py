"""Beat's scheduler: the schedule in the database, with a sign of life at every tick."""

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from loyalty.heartbeat import heartbeat_file


class BeatingScheduler(DatabaseScheduler):
    """django-celery-beat's scheduler; a beat that no longer ticks is found by its health check."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due. Returns the seconds until the next look."""
        heartbeat_file("beat").touch()
        return float(super().tick(*args, **kwargs))
