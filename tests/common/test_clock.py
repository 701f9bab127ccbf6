"""The doors' clock, moved and real, and the ids that grow with it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from common.clock import now, uuid7
from common.models import uuid7 as uuid7_of_models


def test_now_is_aware_and_in_utc():
    assert now().tzinfo is UTC
    assert abs(now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_faked_now_is_moved_and_still_runs(settings):
    settings.LOYALTY_FAKE_NOW = "2027-01-01T00:00:00+08:00"

    first = now()
    second = now()

    assert first >= datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert first < datetime(2026, 12, 31, 20, tzinfo=UTC)
    assert second > first
    assert first.tzinfo is UTC


def test_production_does_not_listen_to_a_faked_now(settings):
    settings.LOYALTY_FAKE_NOW = "2000-01-01T00:00:00+08:00"
    settings.PRODUCTION = True

    assert now().year > 2000


def test_an_id_is_a_uuid_of_version_7_with_the_present_millisecond():
    made = uuid7()

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert abs((made.int >> 80) / 1000 - datetime.now(UTC).timestamp()) < 5


def test_ids_grow_and_never_repeat_even_from_many_threads():
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _: [uuid7() for _ in range(2_000)], range(8)))

    assert all(batch == sorted(batch) for batch in batches)
    assert len({made for batch in batches for made in batch}) == 16_000


def test_ids_grow_when_the_clock_steps_back(time_machine):
    time_machine.move_to(datetime(2030, 1, 1, tzinfo=UTC), tick=False)
    before = uuid7()
    time_machine.move_to(datetime(2029, 12, 31, 23, 59, tzinfo=UTC), tick=False)

    assert uuid7() > before


def test_models_offer_the_same_ids():
    assert uuid7_of_models is uuid7
