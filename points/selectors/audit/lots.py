"""Checks of wallets and lots: what stands there is what the postings made of it."""

from points.selectors.audit.checks import Check


def _debts(*, of_postings: str, of_draws: str) -> str:
    """Wallets whose debt is not what the postings and draws of these conditions make of it."""
    return f"""
        WITH owing AS (
            SELECT member_id, program_id, reverses, detail FROM points_posting
            WHERE (reverses IS NOT NULL OR detail ? 'debt') AND {of_postings}
        )
        SELECT 'points_wallet', w.id::text, 'debt ' || w.debt || ', owed ' || coalesce(o.points, 0)
                                            || ', repaid ' || coalesce(r.points, 0)
        FROM points_wallet w
        LEFT JOIN (
            SELECT o.member_id, o.program_id, sum(o.points) AS points FROM (
                SELECT member_id, program_id, (detail ->> 'owed')::bigint AS points
                FROM owing WHERE reverses IS NOT NULL
                UNION ALL
                SELECT side.member_id, p.program_id, side.points FROM owing p
                CROSS JOIN LATERAL (VALUES (p.member_id, -(p.detail ->> 'debt')::bigint),
                                           ((p.detail ->> 'to')::uuid, (p.detail ->> 'debt')::bigint)
                                   ) AS side (member_id, points)
                WHERE p.detail ? 'debt') o
            GROUP BY 1, 2
        ) o USING (member_id, program_id)
        LEFT JOIN (SELECT l.wallet_id, sum(d.points) AS points FROM points_draw d
                   JOIN points_lot l ON l.id = d.lot_id AND l.posting_id = d.posting_id
                   WHERE {of_draws} GROUP BY 1) r
               ON r.wallet_id = w.id
        WHERE :wallet(w.id) AND w.debt <> coalesce(o.points, 0) - coalesce(r.points, 0)
    """  # noqa: S608 -- our own words


WALLET_CHECKS = (
    Check(
        "wallet_is_its_entries",
        "A wallet's balance is the sum of its entries.",
        """
        SELECT 'points_wallet', w.id::text, 'balance ' || w.balance || ', entries ' || coalesce(e.points, 0)
        FROM points_wallet w
        LEFT JOIN (SELECT wallet_id, sum(points) AS points FROM points_entry WHERE :wallet(wallet_id) GROUP BY 1) e
               ON e.wallet_id = w.id
        WHERE :wallet(w.id) AND w.balance <> coalesce(e.points, 0)
        """,
    ),
    Check(
        "wallet_is_its_lots",
        "A wallet's balance is what remains in its lots, less its debt.",
        # That a lot with points left is open stands in a constraint and in lot_is_its_draws; by it the index serves.
        """
        SELECT 'points_wallet', w.id::text,
               'balance ' || w.balance || ', lots ' || coalesce(l.remaining, 0) || ', debt ' || w.debt
        FROM points_wallet w
        LEFT JOIN (SELECT wallet_id, sum(remaining) AS remaining FROM points_lot
                   WHERE is_open AND :wallet(wallet_id) GROUP BY 1) l ON l.wallet_id = w.id
        WHERE :wallet(w.id) AND (w.balance <> coalesce(l.remaining, 0) - w.debt OR w.debt < 0)
        """,
    ),
    Check(
        "wallet_of_an_alias_is_empty",
        "A member who was merged away has neither points nor debts: they went on to the survivor.",
        """
        SELECT 'points_wallet', w.id::text, 'balance ' || w.balance || ', debt ' || w.debt || ', merged into ' || w.merged_into
        FROM points_wallet w
        WHERE w.merged_into IS NOT NULL AND :wallet(w.id) AND (w.balance <> 0 OR w.debt <> 0)
        """,
    ),
    Check(
        "debt_is_explained",
        "A wallet's debt is what refunds left owing and moves brought, less what accruals repaid from their own lots.",
        _debts(of_postings="true", of_draws="true"),
        # By member and by wallet there are indexes; over everything they would only be in the way.
        _debts(
            of_postings="(member_id IN (SELECT member_id FROM points_wallet WHERE :wallet(id))"
            " OR id IN (SELECT posting_id FROM points_entry WHERE :wallet(wallet_id)))",
            of_draws="d.posting_id IN (SELECT posting_id FROM points_entry WHERE :wallet(wallet_id))",
        ),
    ),
)

LOT_CHECKS = (
    Check(
        "lot_is_its_draws",
        "A lot's points are what remains and what was drawn, less what was put back; it is open while points remain.",
        """
        SELECT 'points_lot', l.id::text,
               'points ' || l.points || ', remaining ' || l.remaining || ', drawn ' || coalesce(d.points, 0)
        FROM points_lot l
        LEFT JOIN (SELECT lot_id, sum(points) AS points FROM points_draw WHERE :lot(lot_id) GROUP BY 1) d
               ON d.lot_id = l.id
        WHERE :lot(l.id)
          AND (l.points <> l.remaining + coalesce(d.points, 0) OR l.remaining < 0 OR l.remaining > l.points
               OR l.is_open <> (l.remaining > 0))
        """,
    ),
    Check(
        "spent_points_were_alive",
        "A redemption or a transfer draws only on lots that were available and not expired when it happened, or"
        " was held.",
        """
        SELECT 'points_draw', d.id::text, 'lot ' || l.id || ' lived from ' || l.available_at || ' to ' || l.expires_at
        FROM points_draw d
        JOIN points_posting p ON p.id = d.posting_id AND p.kind IN ('redemption', 'transfer')
        JOIN points_lot l ON l.id = d.lot_id AND l.posting_id <> p.id
        CROSS JOIN LATERAL (
            SELECT coalesce((p.detail ->> 'held_at')::timestamptz, p.occurred_at) AS at) chosen
        WHERE :posted(d.posting_id) AND d.points > 0 AND NOT (l.available_at <= chosen.at AND chosen.at < l.expires_at)
        """,
    ),
    Check(
        "expired_at_its_instant",
        "Points become breakage at the instant at which their lot ended, and not before.",
        """
        SELECT 'points_draw', d.id::text, 'lot ' || l.id || ' ends ' || l.expires_at || ', expired ' || p.occurred_at
        FROM points_draw d
        JOIN points_posting p ON p.id = d.posting_id AND p.kind = 'expiry'
        JOIN points_lot l ON l.id = d.lot_id
        WHERE :posted(d.posting_id) AND l.expires_at <> p.occurred_at
        """,
    ),
    Check(
        "rolling_expiry",
        "A lot that rolls ends when some earning or redeeming of its member said so; the digest fixes the others' end.",
        # A lot that changed hands or state, or came back, ends when one of its earlier holder's said so.
        """
        WITH said AS MATERIALIZED (
            SELECT p.member_id, r.key::integer AS program_id, r.value::timestamptz AS until
            FROM points_posting p
            -- An adjustment by hand gives a lot that rolls without renewing the others.
            CROSS JOIN LATERAL jsonb_each_text(coalesce(p.detail -> 'renews_until', p.detail -> 'lives_until')) r
            WHERE p.detail ?| ARRAY['renews_until', 'lives_until']
        )
        SELECT 'points_lot', l.id::text, 'ends ' || l.expires_at || ', which nothing of its member said'
        FROM points_lot l JOIN points_posting p ON p.id = l.posting_id
        WHERE l.rolls AND :lot(l.id)
          AND NOT EXISTS (SELECT FROM said s WHERE (s.member_id, s.program_id, s.until)
                                                   = (l.member_id, l.program_id, l.expires_at))
          AND NOT ((p.kind IN ('transfer', 'maturity', 'move')
                    OR EXISTS (SELECT FROM points_draw d JOIN points_posting b ON b.id = d.posting_id
                               WHERE d.lot_id = l.id AND d.points < 0 AND b.detail ? 'to'))
                   AND EXISTS (SELECT FROM said s WHERE (s.program_id, s.until) = (l.program_id, l.expires_at)))
        """,
        # What changed hands is left to the whole audit: its end may have been said of another member.
        """
        SELECT 'points_lot', l.id::text, 'ends ' || l.expires_at || ', which nothing of its member said'
        FROM points_lot l JOIN points_posting p ON p.id = l.posting_id
        WHERE l.rolls AND (:lot(l.id) OR l.is_open AND :wallet(l.wallet_id))
          AND p.kind NOT IN ('transfer', 'maturity', 'move')
          AND NOT EXISTS (
              SELECT FROM points_posting s WHERE s.member_id = l.member_id
                AND l.expires_at IN ((s.detail #>> ARRAY['renews_until', l.program_id::text])::timestamptz,
                                     (s.detail #>> ARRAY['lives_until', l.program_id::text])::timestamptz))
          AND NOT EXISTS (SELECT FROM points_draw d JOIN points_posting b ON b.id = d.posting_id
                          WHERE d.lot_id = l.id AND d.points < 0 AND b.detail ? 'to')
        """,
    ),
    Check(
        "carried_lots_are_as_they_were",
        "A lot that changed hands or state kept its issuer, cost, earning and end.",
        """
        SELECT 'points_lot', n.id::text, 'is not as lot ' || coalesce(o.id::text, 'that is gone')
        FROM points_posting p
        CROSS JOIN LATERAL jsonb_each_text(p.detail -> 'lots') AS came (new_lot, old_lot)
        JOIN points_lot n ON n.id = came.new_lot::uuid AND n.posting_id = p.id
        LEFT JOIN points_lot o ON o.id = came.old_lot::uuid
        WHERE :posted(p.id) AND p.kind IN ('transfer', 'maturity', 'move')
          AND (o.id IS NULL OR (n.issuer_id, n.unit_cost, n.earned_at, n.program_id)
                               <> (o.issuer_id, o.unit_cost, o.earned_at, o.program_id)
               -- What is left of a lot that was booked in part rolls no more. Few differ, so few are looked up.
               OR CASE WHEN n.rolls = o.rolls THEN false WHEN n.rolls THEN true
                       ELSE NOT EXISTS (SELECT FROM points_draw x WHERE x.lot_id = o.id
                                        AND (SELECT b.kind FROM points_posting b WHERE b.id = x.posting_id) = 'expiry') END
               OR NOT n.rolls AND n.expires_at <> o.expires_at)
        """,
    ),
)
