"""What must hold of parking, re-proved row by row: the same shape as the ledger's checks."""

from typing import Final

from django.db import connection

from points.selectors.audit.checks import Check, Disagreement, Scope

PARKING_CHECKS: Final = (
    Check(
        "parking_order_adds_up",
        "The parts of a parking order add up to its fee.",
        """
        SELECT 'parking_parkingorder', o.id::text, 'fee ' || o.fee || ', parts ' || coalesce(sum(p.amount), 0)
        FROM parking_parkingorder o LEFT JOIN parking_orderpart p ON p.order_id = o.id
        GROUP BY o.id HAVING o.fee <> coalesce(sum(p.amount), 0)
        """,
    ),
    Check(
        "parking_part_has_what_it_used",
        "Every part of an order names what it used, and that exists: receipt, usage, voucher, posting, payment.",
        """
        SELECT 'parking_orderpart', p.id::text, p.kind || ' names nothing that is there: ' || p.ref
        FROM parking_orderpart p JOIN parking_parkingorder o ON o.id = p.order_id
        WHERE o.state IN ('paid', 'refunded') AND (
            p.kind = 'receipt' AND NOT EXISTS (
                SELECT FROM parking_receiptuse u WHERE u.order_id = o.id AND u.receipt_id::text = p.ref)
            OR p.kind = 'right' AND NOT EXISTS (
                SELECT FROM benefits_entitlemententry e
                WHERE e.kind = 'use' AND (e.id::text = p.ref OR e.of_id::text = p.ref))
            OR p.kind IN ('voucher_hours', 'voucher_cash') AND NOT EXISTS (
                SELECT FROM benefits_voucherevent e
                WHERE e.kind = 'used' AND e.voucher_id::text = p.ref AND e.source_ref = 'parking:' || o.id)
            OR p.kind = 'pass' AND NOT EXISTS (
                SELECT FROM parking_parkingpass x WHERE x.id::text = p.ref)
            OR p.kind = 'points' AND NOT EXISTS (
                SELECT FROM parking_pointspaid q JOIN points_posting g ON g.id = q.posting_id
                WHERE q.order_id = o.id AND g.kind = 'redemption' AND g.points = p.points
                      AND g.source_ref = 'parking:' || o.id)
            OR p.kind = 'money' AND NOT EXISTS (
                SELECT FROM parking_payment y WHERE y.order_id = o.id AND y.amount = p.amount
                      AND y.state IN ('succeeded', 'refund_due', 'refunded')))
        """,
    ),
    Check(
        "parking_receipt_frees_once",
        "A receipt frees parking once in the group, and only for an order that stands.",
        """
        SELECT 'parking_receiptuse', min(u.id)::text, 'receipt ' || u.receipt_id || ' is used ' || count(*) || ' times'
        FROM parking_receiptuse u WHERE u.released_at IS NULL GROUP BY u.receipt_id HAVING count(*) > 1
        UNION ALL
        SELECT 'parking_receiptuse', u.id::text, 'its order is ' || o.state
        FROM parking_receiptuse u JOIN parking_parkingorder o ON o.id = u.order_id
        WHERE u.released_at IS NULL AND o.state NOT IN ('placed', 'paid')
        """,
    ),
    Check(
        "parking_posting_has_its_order",
        "Points that were spent on parking belong to an order that was paid, and came back where it was refunded.",
        """
        SELECT 'points_posting', g.id::text, 'no paid order: ' || g.source_ref
        FROM points_posting g
        WHERE g.kind = 'redemption' AND g.source_ref LIKE 'parking:%' AND NOT EXISTS (
            SELECT FROM parking_pointspaid q WHERE q.posting_id = g.id)
        UNION ALL
        SELECT 'parking_parkingorder', o.id::text, 'refunded, its points did not come back'
        FROM parking_parkingorder o JOIN parking_pointspaid q ON q.order_id = o.id
        WHERE o.state = 'refunded' AND NOT EXISTS (SELECT FROM points_posting r WHERE r.reverses = q.posting_id)
        """,
    ),
    Check(
        "parking_money_is_where_it_belongs",
        "A paid order has exactly the money its parts ask for; one that ended unpaid keeps none.",
        """
        SELECT 'parking_parkingorder', o.id::text, o.state || ', asks for ' || coalesce(m.asked, 0) || ', has '
               || coalesce(y.had, 0)
        FROM parking_parkingorder o
        LEFT JOIN (SELECT order_id, sum(amount) AS asked FROM parking_orderpart WHERE kind = 'money' GROUP BY 1) m
               ON m.order_id = o.id
        LEFT JOIN (SELECT order_id, sum(amount) AS had FROM parking_payment WHERE state = 'succeeded' GROUP BY 1) y
               ON y.order_id = o.id
        WHERE CASE WHEN o.state = 'paid' THEN coalesce(m.asked, 0) ELSE 0 END <> coalesce(y.had, 0)
        """,
    ),
    Check(
        "passage_is_part_of_a_stay",
        "Every passage is part of one stay of its plate and car park, and a stay says what its passages say.",
        """
        SELECT 'parking_passage', p.id::text, 'session ' || coalesce(p.session_id::text, 'none')
        FROM parking_passage p LEFT JOIN parking_parkingsession s ON s.id = p.session_id
        WHERE s.id IS NULL OR s.state = 'void' OR s.car_park_id <> p.car_park_id OR s.plate_index <> p.plate_index
        UNION ALL
        SELECT 'parking_parkingsession', s.id::text, 'no passage says when it entered or left'
        FROM parking_parkingsession s
        WHERE s.state <> 'void' AND (
            s.entered_at IS NOT NULL AND NOT EXISTS (SELECT FROM parking_passage p
                WHERE p.session_id = s.id AND p.is_entry AND p.happened_at = s.entered_at)
            OR s.exited_at IS NOT NULL AND NOT EXISTS (SELECT FROM parking_passage p
                WHERE p.session_id = s.id AND p.happened_at = s.exited_at))
        """,
    ),
)


def parking_disagreements() -> list[Disagreement]:
    """Every row of parking that breaks what must hold, a hundred a check at most. Reads only."""
    with connection.cursor() as cursor:
        return [row for check in PARKING_CHECKS for row in check.found(cursor, Scope())[0]]
