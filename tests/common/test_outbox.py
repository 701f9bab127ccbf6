"""The outbox: told if committed, once to each listener, again after a failure, given up in the end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Lock

import pytest
from django.db import connection, transaction

from common.models import OutboxDelivery, OutboxEvent
from common.outbox import ATTEMPTS_MAX, Delivered, Listener, deliver_due, publish

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Ear:
    """Remembers whom it heard of, and fails the first `failures` times."""

    def __init__(self, failures=0):
        self.heard, self.failures, self.lock = [], failures, Lock()

    def __call__(self, event, _at):
        with self.lock:
            if self.failures:
                self.failures -= 1
                raise ValueError("138 0013 8000 said no")
            self.heard.append(event.subject)


def listener(ear, name="ear", kinds=("a.happened",)):
    return Listener(name, frozenset(kinds), ear)


def tell(subject, kind="a.happened"):
    with transaction.atomic():
        publish(kind=kind, subject=subject, at=AT)


@pytest.mark.django_db
def test_an_event_reaches_each_listener_of_its_kind_once():
    one, other, deaf = Ear(), Ear(), Ear()
    tell("m1")
    listeners = [listener(one, "one"), listener(other, "other"), listener(deaf, "deaf", ("b.happened",))]

    first = deliver_due(listeners=listeners, at=AT)
    second = deliver_due(listeners=listeners, at=AT)

    assert (one.heard, other.heard, deaf.heard) == (["m1"], ["m1"], [])
    assert (first, second) == (Delivered(2, 0, 0), Delivered(0, 0, 0))


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_never_told():
    with transaction.atomic():
        publish(kind="a.happened", subject="m1", at=AT)
        transaction.set_rollback(True)

    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_needs_the_transaction_of_its_cause():
    with pytest.raises(AssertionError):
        publish(kind="a.happened", subject="m1", at=AT)


@pytest.mark.django_db
def test_a_failure_is_tried_again_later_and_keeps_no_words_of_the_error():
    ear = Ear(failures=1)
    tell("m1")
    tell("m2")

    first = deliver_due(listeners=[listener(ear)], at=AT)
    soon = deliver_due(listeners=[listener(ear)], at=AT + timedelta(seconds=29))
    later = deliver_due(listeners=[listener(ear)], at=AT + timedelta(seconds=31))

    assert (first, soon, later) == (Delivered(1, 1, 0), Delivered(0, 0, 0), Delivered(1, 0, 0))
    assert sorted(ear.heard) == ["m1", "m2"]
    assert not OutboxDelivery.objects.exclude(error="").exists()


@pytest.mark.django_db
def test_a_delivery_that_always_fails_is_given_up_and_says_so():
    tell("m1")
    at = AT
    for _try in range(ATTEMPTS_MAX + 2):
        deliver_due(listeners=[listener(Ear(failures=99))], at=at)
        at += timedelta(days=1)

    delivery = OutboxDelivery.objects.get()

    assert (delivery.attempts, delivery.error) == (ATTEMPTS_MAX, "ValueError")
    assert delivery.dead_at is not None


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_parallel_drainers_deliver_once():
    ear = Ear()
    for number in range(40):
        tell(f"m{number}")

    def drain(_number):
        try:
            return deliver_due(listeners=[listener(ear)], at=AT).done
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(drain, range(4)))

    assert done == len(ear.heard) == len(set(ear.heard)) == 40
