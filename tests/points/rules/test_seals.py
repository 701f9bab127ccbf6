"""Days as seals end them, and the one text that a seal's digest is made over."""

import hashlib
from datetime import UTC, datetime, timedelta

from points.rules.seals import NO_SEAL_BEFORE, Block, SealContent, day_ends, digest_of

CONTENT = SealContent(
    number=1,
    starts_at=datetime(1970, 1, 1, tzinfo=UTC),
    ends_at=datetime(2026, 11, 22, 16, tzinfo=UTC),
    postings=2,
    totals={"accrual": {"postings": 2, "points": 30}},
    root=b"\x01" * 32,
    blocks=(Block("00000000-0000-7000-8000-000000000001", "01" * 32),),
    previous=NO_SEAL_BEFORE,
    sealed_at=datetime(2026, 11, 22, 16, 25, 0, 5, tzinfo=UTC),
    key="0123456789abcdef",
)


def ends(after, until, zone):
    return [end.isoformat() for end in day_ends(after=after, until=until, time_zone=zone)]


def test_a_day_ends_at_local_midnight():
    found = ends(
        datetime(2026, 11, 20, 3, tzinfo=UTC), datetime(2026, 11, 22, 16, tzinfo=UTC), "Asia/Shanghai"
    )

    assert found == ["2026-11-20T16:00:00+00:00", "2026-11-21T16:00:00+00:00", "2026-11-22T16:00:00+00:00"]


def test_the_end_itself_is_not_an_end_after_it_and_an_end_is_included():
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)

    assert ends(midnight, midnight, "Asia/Shanghai") == []
    assert ends(midnight - timedelta(microseconds=1), midnight, "Asia/Shanghai") == [midnight.isoformat()]


def test_days_of_23_and_25_hours_leave_no_gap():
    found = ends(
        datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC), "Europe/Berlin"
    )

    assert found == ["2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00"]


def test_a_midnight_that_does_not_exist_ends_the_day_when_the_clock_jumps():
    # Cairo, 2024-04-26: 00:00 became 01:00.
    found = ends(datetime(2024, 4, 25, 12, tzinfo=UTC), datetime(2024, 4, 26, 12, tzinfo=UTC), "Africa/Cairo")

    assert found == ["2024-04-25T22:00:00+00:00"]


def test_the_digest_is_sha256_of_sorted_json_without_spaces():
    text = (
        '{"blocks":[{"first":"00000000-0000-7000-8000-000000000001","root":"' + "01" * 32 + '"}],'
        '"ends_at":"2026-11-22T16:00:00.000000Z","format":"loyalty-seal-1","key":"0123456789abcdef","number":1,'
        '"postings":2,"previous":"' + "00" * 32 + '","root":"' + "01" * 32 + '",'
        '"sealed_at":"2026-11-22T16:25:00.000005Z","starts_at":"1970-01-01T00:00:00.000000Z",'
        '"totals":{"accrual":{"points":30,"postings":2}}}'
    )

    assert CONTENT.digest() == hashlib.sha256(text.encode()).digest()


def test_the_order_in_which_fields_are_told_does_not_matter():
    said = CONTENT.as_json()

    assert digest_of(dict(reversed(said.items()))) == CONTENT.digest()
