"""Checks of stock, orders and vouchers, in the shape of the ledger's: each returns the rows that break it."""

from points.selectors.audit.checks import Check

_STEPS = """
    ('', 'issued'), ('issued', 'locked'), ('issued', 'used'), ('issued', 'expired'), ('issued', 'voided'),
    ('locked', 'released'), ('locked', 'used'), ('released', 'locked'), ('released', 'used'), ('released', 'expired'),
    ('released', 'voided'), ('used', 'restored'), ('restored', 'locked'), ('restored', 'used'),
    ('restored', 'expired'), ('restored', 'voided'), ('expired', 'used')
"""

STOCK_CHECKS = (
    Check(
        "stock_is_its_movements",
        "What a stock has and has reserved is the sum of its movements, none missing.",
        """
        SELECT 'benefits_stock', s.id::text, 'has ' || s.on_hand || '/' || s.reserved || ' after ' || s.moves
               || ' movements, which say ' || coalesce(m.on_hand, 0) || '/' || coalesce(m.reserved, 0) || ' in '
               || coalesce(m.n, 0)
        FROM benefits_stock s
        LEFT JOIN (SELECT stock_id, sum(on_hand_change) AS on_hand, sum(reserved_change) AS reserved,
        count(*) AS n,
                          max(number) AS last FROM benefits_stockmovement GROUP BY stock_id) m ON m.stock_id
                          = s.id
        WHERE (s.on_hand, s.reserved, s.moves, s.moves)
              IS DISTINCT FROM (coalesce(m.on_hand, 0), coalesce(m.reserved, 0), coalesce(m.n, 0),
              coalesce(m.last, 0))
        """,
    ),
    Check(
        "movement_follows_the_last",
        "What is there after a movement is what was there before it, and its change.",
        """
        SELECT 'benefits_stockmovement', m.id::text, 'number ' || m.number || ' ends at ' || m.on_hand_after
        || '/'
               || m.reserved_after || ', its changes add up to ' || m.on_hand || '/' || m.reserved
        FROM (SELECT *, sum(on_hand_change) OVER w AS on_hand, sum(reserved_change) OVER w AS reserved
              FROM benefits_stockmovement WINDOW w AS (PARTITION BY stock_id ORDER BY number)) m
        WHERE (m.on_hand_after, m.reserved_after) IS DISTINCT FROM (m.on_hand, m.reserved)
        """,
    ),
    Check(
        "reserved_is_what_orders_wait_for",
        "What a stock has reserved is what its open orders wait for: nothing leaks.",
        """
        SELECT 'benefits_stock', s.id::text, 'reserved ' || s.reserved || ', orders wait for ' ||
        coalesce(o.pieces, 0) FROM benefits_stock s
        LEFT JOIN (SELECT stock_id, sum(quantity) AS pieces FROM benefits_rewardorder WHERE state = 'placed'
                   GROUP BY stock_id) o ON o.stock_id = s.id
        WHERE s.reserved <> coalesce(o.pieces, 0)
        """,
    ),
)

ORDER_CHECKS = (
    Check(
        "order_stands_at_its_last_event",
        "An order is where its last event left it, and no event is missing.",
        """
        SELECT 'benefits_rewardorder', o.id::text, 'is ' || o.state || ' after ' || o.moves || ', its events
        say '
               || coalesce(e.kinds::text, 'nothing')
        FROM benefits_rewardorder o
        LEFT JOIN (SELECT order_id, array_agg(kind::text ORDER BY number) AS kinds, count(*) AS n,
        max(number) AS last
                   FROM benefits_rewardorderevent GROUP BY order_id) e ON e.order_id = o.id
        WHERE e.n IS NULL OR e.n <> o.moves OR e.last <> o.moves OR e.kinds[1] <> 'placed' OR e.kinds[e.n] <>
        o.state
           OR e.n = 3 AND e.kinds[2] <> 'fulfilled' OR e.n > 3
        """,
    ),
    Check(
        "order_moved_its_stock",
        "An order reserved its pieces, released or took them when it ended, and took none back unless refunded.",
        """
        SELECT 'benefits_rewardorder', o.id::text, o.state || ' of ' || o.quantity || ', its stock was '
               || coalesce(m.kinds::text, 'not moved')
        FROM benefits_rewardorder o
        LEFT JOIN (SELECT order_id, array_agg(kind::text ORDER BY number) AS kinds, bool_and(
                              abs(on_hand_change) IN (0, q.quantity) AND abs(reserved_change) IN (0,
                              q.quantity) AND v.stock_id = q.stock_id) AS fits
                   FROM benefits_stockmovement v JOIN benefits_rewardorder q ON q.id = v.order_id
                   GROUP BY order_id) m ON m.order_id = o.id
        WHERE NOT coalesce(m.fits, false) OR NOT CASE o.state
            WHEN 'placed' THEN m.kinds = ARRAY['reserved']
            WHEN 'fulfilled' THEN m.kinds = ARRAY['reserved', 'taken']
            WHEN 'refunded' THEN m.kinds IN (ARRAY['reserved', 'taken'], ARRAY['reserved', 'taken',
            'returned']) ELSE m.kinds = ARRAY['reserved', 'released'] END
        """,
    ),
    Check(
        "order_and_its_hold_are_one",
        "An order's points are held for it until it ends, spent when it is handed over, given back by a refund.",
        """
        SELECT 'benefits_rewardorder', o.id::text, o.state || ', its hold is ' || coalesce(h.status, 'gone')
        FROM benefits_rewardorder o
        LEFT JOIN points_hold h ON h.id = o.hold_id
        WHERE (h.member_id, h.unit_id, h.program_id, h.points, h.expires_at)
              IS DISTINCT FROM (o.member_id, o.unit_id, o.program_id, o.points, o.expires_at)
           OR h.source_ref <> 'reward-order:' || o.id
           OR NOT CASE WHEN o.state = 'placed' THEN h.status IN ('open', 'timed_out')
                  WHEN o.state IN ('fulfilled', 'refunded') THEN h.status = 'captured' AND EXISTS (
                      SELECT FROM points_posting p WHERE p.id = h.posting_id AND p.points = o.points)
                  ELSE h.status IN ('voided', 'timed_out') END
        UNION ALL
        SELECT 'benefits_rewardorder', o.id::text, 'refunded, but ' || coalesce(r.points, 0) || ' of ' ||
        o.points || ' points' FROM benefits_rewardorder o
        JOIN points_hold h ON h.id = o.hold_id
        LEFT JOIN (SELECT reverses, sum(points) AS points FROM points_posting WHERE reverses IS NOT NULL
                   GROUP BY 1) r ON r.reverses = h.posting_id
        WHERE o.state = 'refunded' AND coalesce(r.points, 0) <> o.points
        """,
    ),
)

VOUCHER_CHECKS = (
    Check(
        "voucher_stands_at_its_last_event",
        "A voucher is where its last event left it, and no event is missing.",
        """
        SELECT 'benefits_voucher', v.id::text, 'is ' || v.state || ' after ' || v.moves || ', its events end
        with '
               || coalesce(e.kind, 'nothing')
        FROM benefits_voucher v
        LEFT JOIN benefits_voucherevent e ON e.voucher_id = v.id AND e.number = v.moves
        LEFT JOIN (SELECT voucher_id, count(*) AS n FROM benefits_voucherevent GROUP BY voucher_id) c
               ON c.voucher_id = v.id
        WHERE e.id IS NULL OR c.n <> v.moves
           OR v.state <> CASE e.kind WHEN 'locked' THEN 'locked' WHEN 'used' THEN 'used' WHEN 'expired' THEN
           'expired'
                         WHEN 'voided' THEN 'void' ELSE 'issued' END
        """,
    ),
    Check(
        "voucher_events_follow_one_another",
        "Each event of a voucher is a step that may follow the one before: used once, until it is given back.",
        f"""
        SELECT 'benefits_voucherevent', e.id::text, e.kind || ' after ' || coalesce(nullif(e.before, ''),
        'nothing') FROM (SELECT id, kind::text, lag(kind::text, 1, '') OVER (PARTITION BY voucher_id ORDER BY
        number) AS before
              FROM benefits_voucherevent) e
        WHERE (e.before, e.kind) NOT IN ({_STEPS})
        """,  # noqa: S608 -- our own words
    ),
    Check(
        "voucher_is_given_back_as_it_was_used",
        "What a refund gives back is what its sale used, to the cent.",
        """
        SELECT 'benefits_voucherevent', b.id::text, 'gives back ' || b.value || ', used was ' ||
        coalesce(u.value::text, 'nothing') FROM benefits_voucherevent b
        LEFT JOIN benefits_voucherevent u ON u.voucher_id = b.voucher_id AND u.number = b.number - 1 AND
        u.kind = 'used' WHERE b.kind = 'restored' AND (u.unit_id, u.source_ref, u.value, u.currency)
              IS DISTINCT FROM (b.unit_id, b.source_ref, b.value, b.currency)
        """,
    ),
    Check(
        "voucher_is_honoured_where_it_may_be",
        "A voucher is used by a unit that honours its batch, for no more than the batch gives.",
        """
        SELECT 'benefits_voucherevent', e.id::text, 'used by unit ' || e.unit_id || ' for ' || e.value
        FROM benefits_voucherevent e
        JOIN benefits_voucher v ON v.id = e.voucher_id
        JOIN benefits_voucherbatch b ON b.id = v.batch_id
        WHERE e.kind = 'used' AND (e.value > coalesce(b.amount, b.ceiling, e.value) OR e.currency <>
        b.currency
              OR NOT EXISTS (SELECT FROM benefits_voucherbatch_units u
                             WHERE u.voucherbatch_id = b.id AND u.businessunit_id = e.unit_id))
        """,
    ),
    Check(
        "batch_counts_its_vouchers",
        "A batch has issued as many vouchers as it counts, and no more than it may.",
        """
        SELECT 'benefits_voucherbatch', b.id::text, 'counts ' || b.issued || ', has ' || coalesce(v.n, 0)
        FROM benefits_voucherbatch b
        LEFT JOIN (SELECT batch_id, count(*) AS n FROM benefits_voucher GROUP BY batch_id) v ON v.batch_id =
        b.id WHERE b.issued <> coalesce(v.n, 0) OR b.issued > b.issued_max
        """,
    ),
)

_FACTS = """
    'benefits_stock', 'benefits_stockmovement', 'benefits_rewardorder', 'benefits_rewardorderevent', 'benefits_voucher',
    'benefits_voucherevent', 'benefits_offlineuse', 'benefits_voucherdownload'
"""

GUARD_CHECKS = (
    Check(
        "shop_guards_stand",
        "The triggers of stock, orders and vouchers are on, and the app role changes none of their rows.",
        f"""
        SELECT 'pg_trigger', g.name, 'the guard is gone or off'
        FROM unnest(ARRAY[
            'stock_moves_by_movements', 'stock_begins_empty', 'stock_is_fixed', 'stock_is_never_deleted',
            'stock_movement_is_append_only', 'order_moves_by_events', 'order_begins_placed', 'order_is_fixed',
            'order_is_never_deleted', 'order_event_is_append_only', 'voucher_moves_by_events', 'voucher_begins_unused',
            'voucher_is_counted', 'voucher_is_fixed', 'voucher_is_never_deleted', 'voucher_event_is_append_only',
            'voucher_batch_keeps_its_word', 'offline_use_is_append_only', 'voucher_download_is_append_only'
        ]) AS g (name)
        WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = g.name AND t.tgenabled IN ('O', 'A'))
        UNION ALL
        SELECT 'pg_class', t.name, 'loyalty_app may change it'
        FROM unnest(ARRAY[{_FACTS}]) AS t (name)
        WHERE has_table_privilege('loyalty_app', t.name, 'UPDATE, DELETE, TRUNCATE')
        """,  # noqa: S608 -- our own words
    ),
)

SHOP_CHECKS = (*STOCK_CHECKS, *ORDER_CHECKS, *VOUCHER_CHECKS, *GUARD_CHECKS)
