"""Every column of the project that could hold a word about a person, and what an erasure does to it.

tests/loyalty/test_personal_data.py compares this list with the schema: a new column makes it red, until
somebody has said here what it holds.
"""

OWN_KEY = "closed with the member's own key: unreadable at erasure, in old dumps too"
RING = "closed with the key ring, about no member"
EMPTIED = "emptied at erasure"
STAND_IN = "replaced by a random stand-in at erasure"
DELETED = "its row is deleted at erasure"
ENDS = "ends by itself within days (docs/privacy.md, Retention)"
WORD = "a word of ours, out of a list or a rule"
FACTS = "ids, codes and numbers"
ACTOR = "who did it, by id: user:1, partner:7, member:<surrogate id>, a job"
REF = "a unit's own number of a receipt, folio or order: kept with the books, no word about a person"
DIGEST = "a digest; nobody can read or guess what it is of"
TEXT = "a published text, name or code of the house"
STAFF = "about staff and software, not about members"


def _all(what: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), what)


_THIRD_PARTY = {
    "admin.logentry": {"object_id": FACTS, "object_repr": FACTS, "change_message": FACTS},
    "auth.permission": {"name": STAFF, "codename": STAFF},
    "auth.group": {"name": STAFF},
    "auth.user": _all(STAFF, "password username first_name last_name email"),
    "contenttypes.contenttype": {"app_label": STAFF, "model": STAFF},
    "sessions.session": {"session_key": STAFF, "session_data": STAFF},
    "django_celery_beat.solarschedule": {"event": STAFF},
    "django_celery_beat.intervalschedule": {"period": STAFF},
    "django_celery_beat.crontabschedule": _all(STAFF, "minute hour day_of_month month_of_year day_of_week"),
    "django_celery_beat.periodictask": _all(
        STAFF,
        "name task args kwargs queue exchange routing_key headers description",
    ),
}  # fmt: skip

_COMMON = {
    "common.idempotencyrecord": {
        "caller": ACTOR, "route": WORD, "key": REF, "body_hash": DIGEST, "response": DELETED, "headers": WORD,
    },
    "common.jobrun": {"job": WORD, "period": WORD, "outcome": FACTS},
    "common.importrun": {
        "kind": WORD, "unit_code": TEXT, "content_sha256": DIGEST, "file_name": TEXT, "counts": FACTS,
        "rejected": FACTS, "rejects_sha256": DIGEST,
    },
    "common.importupload": {
        "kind": WORD, "unit_code": TEXT, "program_code": TEXT, "file_name": TEXT, "content": ENDS,
        "state": WORD, "uploaded_by": ACTOR, "asked_by": ACTOR, "check_report": ENDS, "report": ENDS,
        "rejects": ENDS, "problem": WORD,
    },
    "common.outboxevent": {"kind": WORD, "subject": FACTS, "payload": FACTS},
    "common.outboxdelivery": {"listener": WORD, "error": WORD},
    "units.businessunit": _all(TEXT, "code name_zh name_en sector currency"),
    "units.venue": _all(TEXT, "code name_zh name_en time_zone"),
    "units.outlet": {"code": TEXT, "name": TEXT},
    "units.partnerkey": {
        "name": TEXT, "prefix": TEXT, "secret_sha256": DIGEST, "scopes": WORD, "issued_by": ACTOR,
        "revoked_by": ACTOR,
    },
}  # fmt: skip

_MEMBERS = {
    "members.codeguess": {"number": FACTS, "caller": ACTOR},
    "members.member": {
        "number": FACTS, "status": WORD, "name": EMPTIED, "gender": EMPTIED, "address": EMPTIED,
    },
    "members.consenttext": _all(TEXT, "purpose version title_zh title_en words_zh words_en published_by"),
    "members.consentevent": {"purpose": WORD, "act": WORD, "channel": WORD, "by": ACTOR},
    "members.consent": {"purpose": WORD},
    "members.corporateaccount": {"code": TEXT, "company_name": TEXT, "contact": RING, "recorded_by": ACTOR},
    "members.dataaccess": {"kind": WORD, "fields": WORD, "basis": WORD, "reason": OWN_KEY, "by": ACTOR},
    "members.dataexport": {"asked_by": DELETED},
    "members.enrolment": {
        "legacy_card": STAND_IN, "channel": WORD, "tier_hint": EMPTIED, "attributes": EMPTIED,
        "enrolled_by": ACTOR,
    },
    "members.erasure": {"asked_by": ACTOR, "outcome": FACTS},
    "members.guardianship": {"evidence": OWN_KEY, "recorded_by": ACTOR},
    "members.householdmember": {"state": WORD},
    "members.identity": {"kind": WORD, "value": OWN_KEY, "blind_index": STAND_IN, "proof": WORD},
    "members.matchcandidate": {"evidence": DELETED, "veto": DELETED, "state": DELETED, "decided_by": DELETED},
    "members.memberevent": {"kind": WORD, "cause": WORD, "reason": OWN_KEY, "by": ACTOR},
    "members.memberkey": {"wrapped": STAND_IN},
    "members.membermerge": {"evidence": OWN_KEY, "effects": FACTS, "by": ACTOR},
    "members.memberunmerge": {"evidence": OWN_KEY, "effects": FACTS, "by": ACTOR},
    "members.membertoken": {"token_sha256": DELETED, "issued_by": DELETED},
    "members.proofcode": _all(DELETED, "purpose kind value blind_index code_digest outcome"),
    "members.residency": {"role": WORD, "source_ref": STAND_IN, "recorded_by": ACTOR, "withdrawn_by": ACTOR},
    "members.tier": {"code": TEXT, "name_zh": TEXT, "name_en": TEXT},
    "members.tierchange": {"cause": WORD, "evidence": FACTS, "by": ACTOR},
}  # fmt: skip

_POINTS = {
    "points.program": _all(TEXT, "code name_zh name_en expiry_kind time_zone currency reversal_policy"),
    "points.posting": {
        "kind": WORD, "source_ref": REF, "actor": ACTOR, "rule": WORD, "detail": FACTS, "digest": DIGEST,
    },
    "points.adjustmentrequest": {"category": WORD, "reason": OWN_KEY, "state": WORD, "note": OWN_KEY},
    "points.entry": {"house": WORD},
    "points.hold": {"source_ref": REF, "shares": FACTS, "status": WORD, "actor": ACTOR},
    "points.rateproposal": {"act": WORD, "state": WORD, "note": STAFF},
    "points.seal": {
        "totals": FACTS, "root": DIGEST, "blocks": FACTS, "previous": DIGEST, "key": TEXT, "digest": DIGEST,
        "signature": DIGEST,
    },
}  # fmt: skip

_ACTIVITIES = {
    "activities.activity": {
        "source_ref": REF, "kind": WORD, "currency": WORD, "category": TEXT, "refund_of": REF,
        "lines_sha256": DIGEST, "reason": EMPTIED, "reported_by": ACTOR, "claimed_by": ACTOR,
        "attributes": EMPTIED,
    },
    "activities.activityline": {"item": TEXT, "category": TEXT},
    "activities.assessment": _all(FACTS, "parcels trace facts earlier weights"),
    "activities.budgetuse": {"code": TEXT},
    "activities.dailytotal": {"currency": WORD},
    "activities.earnrule": _all(TEXT, "code name_zh name_en effect terms"),
    "activities.earnruleproposal": _all(TEXT, "code name_zh name_en effect terms state note"),
    "activities.tierscheme": _all(TEXT, "state window reason note"),
    "activities.creditrule": _all(WORD, "sector kind basis"),
    "activities.roleterms": {"role": WORD},
    "activities.unittiermatch": {"unit_tier": TEXT},
    "activities.tiergrant": {
        "reason": EMPTIED, "given_by": ACTOR, "ended_by": ACTOR, "end_reason": EMPTIED,
    },
    "activities.waitingrefund": {
        "source_ref": REF, "refund_of": REF, "told": EMPTIED, "reported_by": ACTOR, "state": WORD,
        "decided_by": ACTOR, "refusal": EMPTIED,
    },
}  # fmt: skip

_BENEFITS = {
    "benefits.benefitkind": _all(TEXT, "code name_zh name_en measure"),
    "benefits.benefit": {"code": TEXT},
    "benefits.factset": _all(TEXT, "code name_zh name_en"),
    "benefits.factsetmember": {"told_by": DELETED},
    "benefits.entitlementrule": _all(TEXT, "code role period zone sharing published_by"),
    "benefits.entitlementgrant": {
        "period": WORD, "zone": WORD, "sharing": WORD, "cause": WORD, "source_ref": REF, "granted_by": ACTOR,
    },
    "benefits.grantend": {"ending": WORD, "reason": OWN_KEY, "ended_by": ACTOR},
    "benefits.grantrequest": {"currency": WORD, "reason": OWN_KEY, "state": WORD, "note": OWN_KEY},
    "benefits.voucherbatch": _all(
        TEXT,
        "code kind name_zh name_en terms_zh terms_en currency created_by closed_by",
    ),
    "benefits.rewardpicture": _all(TEXT, "sha256 content uploaded_by"),
    "benefits.reward": _all(TEXT, "code kind name_zh name_en terms_zh terms_en currency limit_period roles"),
    "benefits.rewardorder": {"order_ref": REF, "currency": WORD, "state": WORD},
    "benefits.rewardorderevent": {"kind": WORD, "receipt_ref": REF, "reason": OWN_KEY, "by": ACTOR},
    "benefits.stockmovement": {"kind": WORD, "reason": STAFF, "by": ACTOR},
    "benefits.benefitversion": _all(
        TEXT,
        "name_zh name_en terms_zh terms_en payer currency weekdays published_by",
    ),
    "benefits.entitlemententry": {
        "kind": WORD, "payer": WORD, "currency": WORD, "source_ref": REF, "actor": ACTOR, "reason": WORD,
        "words": OWN_KEY, "digest": DIGEST,
    },
    "benefits.spentcode": {"digest": DIGEST},
    "benefits.voucher": {
        "digest": DIGEST, "code": RING, "tail": FACTS, "cause": REF, "state": WORD, "lock_ref": REF,
    },
    "benefits.voucherevent": {
        "kind": WORD, "source_ref": REF, "currency": WORD, "reason": STAFF, "words": OWN_KEY, "by": ACTOR,
    },
    "benefits.voucherexport": {"reason": STAFF, "state": WORD, "note": STAFF},
    "benefits.voucherdownload": {"form": WORD, "sha256": DIGEST},
    "benefits.codeattempt": {"caller": ACTOR, "place": TEXT},
    "benefits.offlinelist": {"salt": DIGEST, "made_by": ACTOR},
    "benefits.offlineentry": {"digest": DIGEST},
    "benefits.offlineuse": {"digest": DIGEST, "source_ref": REF, "outcome": WORD, "by": ACTOR},
}  # fmt: skip

_PARKING = {
    "parking.carpark": _all(TEXT, "code name_zh name_en"),
    "parking.vehicle": {"auto_pay": DELETED},
    "parking.tariff": _all(TEXT, "rates cap_period published_by"),
    "parking.reliefterms": {"published_by": ACTOR},
    "parking.parkingsession": {"plate": EMPTIED, "plate_index": STAND_IN, "state": WORD},
    "parking.passage": {"source_ref": REF, "plate_index": STAND_IN, "lane": TEXT, "by": ACTOR},
    "parking.parkingorder": {
        "plate_index": STAND_IN, "state": WORD, "currency": WORD, "placed_by": ACTOR, "refunded_by": ACTOR,
        "refund_reason": EMPTIED,
    },
    "parking.orderpart": {"kind": WORD, "ref": FACTS, "name_zh": TEXT, "name_en": TEXT},
    "parking.parkingpass": {"source_ref": REF, "issued_by": ACTOR, "ended_by": ACTOR},
    "parking.payment": {
        "provider": WORD, "currency": WORD, "state": WORD, "provider_ref": REF, "failure": WORD,
    },
    "parking.sandboxcharge": {"currency": WORD, "state": WORD},
}  # fmt: skip

COLUMNS: dict[str, dict[str, str]] = {
    **_THIRD_PARTY, **_COMMON, **_MEMBERS, **_POINTS, **_ACTIVITIES, **_BENEFITS, **_PARKING,
}  # fmt: skip
