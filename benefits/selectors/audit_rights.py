"""Checks of the entitlement ledger: chains, quotas, what follows what, worth, codes, and the guards."""

from points.selectors.audit.checks import Check

_JOURNAL = (
    "'benefits_entitlemententry', 'benefits_entitlementgrant', 'benefits_grantend', 'benefits_spentcode'"
)

RIGHTS_CHECKS = (
    Check(
        "entitlement_entries_are_sealed",
        "Each entry of a right follows the last one without a gap, and its digest seals both.",
        """
        SELECT 'benefits_entitlemententry', e.id::text,
               CASE WHEN e.place <> e.number THEN 'place ' || e.place || ' stands ' || e.number || '.'
                    WHEN e.taken_before <> e.before THEN 'taken before ' || e.taken_before || ', by the one before ' || e.before
                    ELSE 'it was changed after it was written' END
        FROM (
            SELECT x.*, row_number() OVER w AS number, coalesce(lag(x.taken_after) OVER w, 0) AS before,
                   benefits_entry_text(x) AS text, coalesce(lag(x.digest) OVER w, ''::bytea) AS sealed
            FROM benefits_entitlemententry x
            WINDOW w AS (PARTITION BY x.entitlement, x.period_starts_on ORDER BY x.place)
        ) e
        WHERE e.place <> e.number OR e.taken_before <> e.before
           OR e.digest <> sha256(e.sealed || convert_to(e.text, 'UTF8'))
        """,
    ),
    Check(
        "nobody_took_more_than_was_given",
        "What is taken of a right after each entry is what it moves, and fits the quota.",
        """
        SELECT 'benefits_entitlemententry', e.id::text, e.kind || ' ' || e.amount || ': from ' || e.taken_before || ' to '
               || e.taken_after || ' of ' || e.given
        FROM benefits_entitlemententry e LEFT JOIN benefits_entitlemententry o ON o.id = e.of_id
        WHERE e.taken_after <> e.taken_before + CASE
                WHEN e.kind IN ('hold', 'use') AND e.of_id IS NULL THEN e.amount
                WHEN e.kind = 'use' THEN e.amount - o.amount
                ELSE -e.amount END
           OR e.taken_after < 0
           OR e.taken_after > e.taken_before AND e.elsewhere + e.taken_after > e.given
        """,
    ),
    Check(
        "an_entry_gives_back_what_was_taken",
        "What is released was held, what is restored was used, of the same right, once and no more than it was.",
        """
        SELECT 'benefits_entitlemententry', e.id::text, e.kind || ' of what is no ' || CASE e.kind WHEN 'restore' THEN 'usage' ELSE 'hold' END
        FROM benefits_entitlemententry e LEFT JOIN benefits_entitlemententry o ON o.id = e.of_id
        WHERE e.of_id IS NOT NULL
          AND (o.id IS NULL OR (o.entitlement, o.period_starts_on, o.unit_id) <> (e.entitlement, e.period_starts_on, e.unit_id)
               OR o.kind <> CASE e.kind WHEN 'restore' THEN 'use' ELSE 'hold' END OR e.amount > o.amount)
        UNION ALL
        SELECT 'benefits_entitlemententry', o.id::text, 'used ' || o.amount || ', restored ' || sum(e.amount)
        FROM benefits_entitlemententry e JOIN benefits_entitlemententry o ON o.id = e.of_id
        WHERE e.kind = 'restore' GROUP BY o.id, o.amount HAVING sum(e.amount) > o.amount
        """,
    ),
    Check(
        "an_entry_is_of_its_grant",
        "Entries of a grant are of its benefit and its right, and none was taken before it began or after it ended.",
        """
        SELECT 'benefits_entitlemententry', e.id::text, 'of grant ' || g.id
        FROM benefits_entitlemententry e JOIN benefits_entitlementgrant g ON g.id = e.grant_id
        JOIN benefits_benefitversion v ON v.id = e.version_id
        LEFT JOIN benefits_grantend x ON x.grant_id = g.id
        WHERE e.entitlement <> g.id OR v.benefit_id <> g.benefit_id
           OR e.kind IN ('hold', 'use') AND e.of_id IS NULL
              AND (e.at < g.starts_at OR e.at >= g.ends_at OR e.at > x.ended_at AND x.ending = 'withdrawn')
        UNION ALL
        SELECT 'benefits_entitlemententry', e.id::text, 'of rule ' || r.code || ', which is of another benefit, or was not in force'
        FROM benefits_entitlemententry e JOIN benefits_entitlementrule r ON r.id = e.rule_id
        JOIN benefits_benefitversion v ON v.id = e.version_id
        WHERE v.benefit_id <> r.benefit_id
           OR e.kind IN ('hold', 'use') AND e.of_id IS NULL AND NOT (r.during @> e.at AND v.during @> e.at)
        """,
    ),
    Check(
        "an_entry_is_worth_what_its_version_said",
        "Provider, payer, worth of one and currency are those of the benefit's version; the worth is their product.",
        """
        SELECT 'benefits_entitlemententry', e.id::text, 'worth ' || e.value || ' ' || e.currency || ', paid by ' || e.payer
        FROM benefits_entitlemententry e JOIN benefits_benefitversion v ON v.id = e.version_id
        JOIN benefits_benefit b ON b.id = v.benefit_id
        WHERE (e.provider_id, e.payer, e.unit_value, e.currency) <> (b.provider_id, v.payer, v.unit_value, v.currency)
           OR e.value <> e.amount * e.unit_value
        """,
    ),
    Check(
        "a_code_was_used_for_a_usage",
        "A used member code belongs to a usage.",
        """
        SELECT 'benefits_spentcode', c.id::text, 'its entry ' || c.entry_id || ' is no usage'
        FROM benefits_spentcode c LEFT JOIN benefits_entitlemententry e ON e.id = c.entry_id
        WHERE e.kind IS DISTINCT FROM 'use'
        """,
    ),
    Check(
        "a_grant_ends_with_what_was_left",
        "The end of a grant says what of it nobody had used by then.",
        """
        SELECT 'benefits_grantend', x.grant_id::text, 'left ' || coalesce(x."left"::text, 'unsaid') || ' of ' || g.amount
        FROM benefits_grantend x JOIN benefits_entitlementgrant g ON g.id = x.grant_id
        WHERE (g.period = 'total') <> (x."left" IS NOT NULL) OR x."left" > g.amount
           OR x.ending = 'expired' AND (g.ends_at IS NULL OR x.ended_at < g.ends_at)
        """,
    ),
    Check(
        "a_grant_by_hand_was_asked_for",
        "A grant by hand has its request, decided as the rules of two people say, and is what was asked.",
        """
        SELECT 'benefits_entitlementgrant', g.id::text, 'given by hand without its request'
        FROM benefits_entitlementgrant g LEFT JOIN benefits_grantrequest r ON r.grant_id = g.id AND r.state = 'granted'
        WHERE g.cause = 'by_hand'
          AND (r.id IS NULL OR (r.member_id, r.benefit_id, r.unit_id, r.amount, r.ends_at)
                               <> (g.member_id, g.benefit_id, g.unit_id, g.amount, g.ends_at))
        """,
    ),
    Check(
        "guards_of_entitlements_stand",
        "The triggers of the entitlement ledger are on, and the app role cannot change it.",
        f"""
        SELECT 'pg_trigger', g.name, 'the guard is gone or off'
        FROM unnest(ARRAY[
            'entitlement_entry_follows_the_last', 'entitlement_entry_is_append_only', 'entitlement_entry_is_never_emptied',
            'entitlement_grant_is_append_only', 'entitlement_grant_is_never_emptied', 'grant_end_is_append_only',
            'grant_end_is_never_emptied', 'spent_code_is_append_only', 'spent_code_is_never_emptied',
            'benefit_version_is_fixed', 'honouring_place_is_fixed', 'blackout_is_fixed', 'entitlement_rule_is_fixed',
            'benefits_decide_once', 'benefits_never_emptied'
        ]) AS g (name)
        WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = g.name)
           OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = g.name AND t.tgenabled NOT IN ('O', 'A'))
        UNION ALL
        SELECT 'pg_proc', f.proname, 'the guard refuses nothing'
        FROM pg_proc f
        WHERE f.proname IN ('benefits_refuse_change', 'benefits_chain_entry') AND f.prosrc NOT LIKE '%RAISE EXCEPTION%'
        UNION ALL
        SELECT 'pg_class', t.name, 'loyalty_app may change it'
        FROM unnest(ARRAY[{_JOURNAL}]) AS t (name)
        WHERE has_table_privilege('loyalty_app', t.name, 'DELETE, TRUNCATE')
           OR has_any_column_privilege('loyalty_app', t.name, 'UPDATE')
        """,  # noqa: S608 -- our own words
    ),
)
