"""The outbox: what a lower floor must tell a higher one is a row, drained later, never a call upward.

`publish` writes the event in the transaction of its cause, so that it is told if and only if that was
committed. `deliver_due` addresses new events to the listeners of their kind and hands each on, one
transaction a delivery: at least once where a worker dies, so a listener must be safe to repeat, and in no
order, so it reads how things stand instead of trusting the event for more than ids.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from common.clock import uuid7s
from common.models import OutboxDelivery, OutboxEvent
from common.sql import plain_array, text_array

logger = logging.getLogger(__name__)

ATTEMPTS_MAX: Final = 10
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=6)
_ADDRESSED_AT_ONCE: Final = 1_000
_ERROR_CHARACTERS_MAX: Final = 300
# A review of tiers tells of a million changes: rows made one by one would cost more than the review.
_INSERT: Final = """
INSERT INTO common_outboxevent (id, kind, subject, payload, occurred_at, is_addressed)
SELECT n.id, %s, n.subject, n.payload, %s, false
FROM unnest(%s::uuid[], %s::text[], %s::jsonb[]) AS n (id, subject, payload)
"""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of events of these `kinds`. `hear` runs in a transaction, and again after a failure."""

    name: str
    kinds: frozenset[str]
    hear: Callable[[OutboxEvent, datetime], None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one draining did: deliveries done, to be tried again, and given up."""

    done: int
    failed: int
    dead: int


def publish(*, kind: str, subject: object, at: datetime, payload: Mapping[str, Any] | None = None) -> None:
    """Tell that `kind` happened to `subject` at `at`, if the transaction that this runs in commits."""
    publish_many(kind=kind, events=[(subject, payload or {})], at=at)


def publish_many(*, kind: str, events: Sequence[tuple[object, Mapping[str, Any]]], at: datetime) -> None:
    """The same for many (subject, facts) in one statement."""
    assert connection.in_atomic_block, "an event and its cause are one transaction"
    if not events:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                *(kind, at),
                plain_array(uuid7s(len(events))),
                text_array([str(subject) for subject, _payload in events]),
                text_array([json.dumps(dict(payload)) for _subject, payload in events]),
            ],
        )


def deliver_due(*, listeners: Sequence[Listener], at: datetime, deliveries_max: int = 10_000) -> Delivered:
    """Hand on what is due by `at`, oldest first. In parallel each delivery is one drainer's."""
    by_name = {listener.name: listener for listener in listeners}
    assert len(by_name) == len(listeners), "a listener's name is its own"
    while _address(listeners, at):
        pass
    counts = {"done": 0, "failed": 0, "dead": 0}
    for _round in range(deliveries_max):
        ending = _deliver_one(by_name, at)
        if ending is None:
            break
        counts[ending] += 1
    return Delivered(**counts)


@transaction.atomic
def _address(listeners: Sequence[Listener], at: datetime) -> int:
    """Make a delivery for each listener of each new event. Returns how many events."""
    fresh = list(
        OutboxEvent.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(is_addressed=False)
        .order_by("id")[:_ADDRESSED_AT_ONCE]
    )
    OutboxDelivery.objects.bulk_create(
        OutboxDelivery(event=event, listener=listener.name, due_at=at)
        for event in fresh
        for listener in listeners
        if event.kind in listener.kinds
    )
    OutboxEvent.objects.filter(pk__in=[event.pk for event in fresh]).update(is_addressed=True)
    return len(fresh)


@transaction.atomic
def _deliver_one(listeners: Mapping[str, Listener], at: datetime) -> str | None:
    """How the next due delivery ended; None where none is due."""
    delivery = (
        OutboxDelivery.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("event")
        .filter(due_at__lte=at, done_at__isnull=True, dead_at__isnull=True, listener__in=list(listeners))
        .order_by("due_at", "id")
        .first()
    )
    if delivery is None:
        return None
    delivery.attempts += 1
    try:
        with transaction.atomic():
            listeners[delivery.listener].hear(delivery.event, at)
    except Exception as failure:
        logger.exception("%s failed to hear %s %s", delivery.listener, delivery.event.kind, delivery.event_id)
        # The words of an error may quote a row: only its kind is kept.
        delivery.error = type(failure).__name__[:_ERROR_CHARACTERS_MAX]
        if delivery.attempts >= ATTEMPTS_MAX:
            delivery.dead_at = at
        else:
            delivery.due_at = at + min(_FIRST_PAUSE * 2 ** (delivery.attempts - 1), _LONGEST_PAUSE)
        ending = "dead" if delivery.dead_at else "failed"
    else:
        delivery.done_at, delivery.error, ending = at, "", "done"
    delivery.save()
    return ending
