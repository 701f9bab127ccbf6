"""The review of tiers: a membership whose reviews all fall due on one day, by the product's own job.

Ten credits each over two years; a tenth of the members have enough to keep what they hold. Filling is not
counted, neither is the start of the command.
"""

import json
import time
from typing import Final

from tests.bench.place import manage
from tests.bench.run import Run

# Members by scale: BENCH_SCALE=full is the goal's own size.
SIZES: Final = {"smoke": 500, "default": 200_000, "full": 1_000_000}
_REVIEW: Final = "2026-06-15T04:00:00+00:00"
_DAY_BEFORE: Final = "2020-01-01T04:00:00+00:00"
_FILL: Final = """
INSERT INTO units_businessunit (code, sector, name_zh, name_en, currency, is_active, created_at)
VALUES ('BENCHT', 'mall', 'T', 'T', 'CNY', true, now());
INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active,
                       date_joined)
VALUES ('maker', '', false, '', '', '', true, true, now()),
       ('checker', '', false, '', '', '', true, true, now());
INSERT INTO members_tier (code, level, name_zh, name_en)
SELECT 'L' || n, n, 'L' || n, 'L' || n FROM generate_series(0, 3) AS n;
INSERT INTO activities_tierscheme (version, state, starts_on, "window", window_months, validity_months,
    grace_days, refund_days, reason, made_by_id, made_at, note)
SELECT 1, 'draft', '2020-01-01', 'rolling', 12, 12, 90, 30, '', id, now(), ''
FROM auth_user WHERE username = 'maker';
INSERT INTO activities_levelterms (scheme_id, tier_id, credits)
SELECT s.id, t.id, 1000 * t.level FROM activities_tierscheme AS s, members_tier AS t WHERE t.level > 0;
INSERT INTO activities_creditrule (scheme_id, sector, kind, basis, credits)
SELECT id, '', '', 'amount', 1 FROM activities_tierscheme;
UPDATE activities_tierscheme SET state = 'proposed';
UPDATE activities_tierscheme SET state = 'approved', decided_at = now(),
    decided_by_id = (SELECT id FROM auth_user WHERE username = 'checker');
INSERT INTO members_member (id, number, status, name, gender, address, is_generated, joined_at, created_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, lpad(n::text, 12, '0'), 'active', '',
       '', '', true, now(), now()
FROM generate_series(1, %(members)s) AS n;
INSERT INTO activities_tiercredit (member_id, unit_id, activity_id, rule_id, serial, milli, counts_on,
                                   known_from, recorded_at)
SELECT m.id, (SELECT max(id) FROM units_businessunit), gen_random_uuid(),
       (SELECT max(id) FROM activities_creditrule), 0,
       -- Five in the spring of 2025 reach a level; five after it keep the level of every tenth.
       CASE WHEN k <= 5 THEN 250000 + 1000 * (right(m.number, 2)::int)
            WHEN right(m.number, 1) = '0' THEN 900000 ELSE 10000 END,
       days.day, days.day, now()
FROM members_member AS m, generate_series(1, 10) AS k
CROSS JOIN LATERAL (
    SELECT CASE WHEN k <= 5 THEN date '2025-02-01' + k ELSE date '2025-04-01' + 20 * k END AS day) AS days;
"""
_LEAVE_DUE: Final = """
INSERT INTO activities_tierstanding (member_id, level, scheme_version, look_on)
SELECT id, 0, 1, '2026-03-15' FROM members_member;
ANALYZE;
"""


def measure(run: Run) -> None:
    """The first job finds what everybody has reached by then; the second one is the review."""
    members = SIZES[run.scale.name]
    run.place.create("tiers")
    environment = run.place.environment("tiers", "loyalty.settings")
    with run.place.admin("tiers") as link, link.cursor() as cursor:
        cursor.execute(_FILL % {"members": members})
        cursor.execute(_LEAVE_DUE)
    began = time.perf_counter()
    manage(environment, "run_job", "review_tiers", "--as-of", _DAY_BEFORE)
    start = time.perf_counter() - began
    raising = _timed(environment, "2026-03-15T04:00:00+00:00")
    reviewing = _timed(environment, _REVIEW)
    run.record(
        "tiers",
        members=members,
        raised=raising[1]["raised"],
        raising_s=raising[0] - start,
        reviewed=reviewing[1]["looked_at"],
        lowered=reviewing[1]["lowered"],
        review_s=reviewing[0] - start,
        review_s_per_million=(reviewing[0] - start) / reviewing[1]["looked_at"] * 1_000_000,
    )


def _timed(environment: dict[str, str], as_of: str) -> tuple[float, dict[str, int]]:
    began = time.perf_counter()
    told = manage(environment, "run_job", "review_tiers", "--as-of", as_of)
    return time.perf_counter() - began, json.loads(told)["outcome"]
