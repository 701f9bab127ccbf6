-- Rows `first` to `until` of a ledger's history, as the kernel would have written them: digests, both legs, draws.
-- In the order of time, members taking turns, so that a member's rows lie scattered as they do in a real journal.
-- A member's ten postings: eight earns of `points`; the fifth spends lots 0 and 1, the eighth lot 2 and half of 3.
WITH asked AS MATERIALIZED (
    SELECT n, n / %(members)s AS turn, n %% %(members)s + 1 AS wallet,
           ('00000000-0000-7000-8000-' || lpad(to_hex(n %% %(members)s + 1), 12, '0'))::uuid AS member,
           (n %% 100 + 1)::integer AS unit, 'past-' || n AS reference,
           date_trunc('milliseconds', %(starts_at)s::timestamptz + n * %(step)s::interval) AS at
    FROM generate_series(%(first)s::bigint, %(until)s::bigint - 1) n
), posted AS MATERIALIZED (
    SELECT a.*, turn IN (4, 7) AS is_spent, history_id(1, n, at) AS id, history_id(2, n, at) AS lot,
           CASE turn WHEN 4 THEN 2 * %(points)s::bigint WHEN 7 THEN 3 * %(points)s::bigint / 2
                     ELSE %(points)s::bigint END AS points
    FROM asked a
), drawn AS MATERIALIZED (
    -- Row n drew on the lots of the same member's turns.
    SELECT p.id, p.member, d.points,
           history_id(2, d.n, date_trunc('milliseconds', %(starts_at)s::timestamptz + d.n * %(step)s::interval)) AS lot
    FROM posted p
    CROSS JOIN LATERAL (VALUES (4, 0, 2), (4, 1, 2), (7, 2, 2), (7, 3, 1)) AS v (turn, of, halves)
    CROSS JOIN LATERAL (SELECT p.n - (p.turn - v.of) * %(members)s AS n, v.halves * %(points)s::bigint / 2 AS points) d
    WHERE p.is_spent AND v.turn = p.turn
), drawn_text AS (
    SELECT id, points_draws_text(array_agg(lot), array_agg(points)) AS draws FROM drawn GROUP BY id
), told AS (
    SELECT p.*, CASE WHEN is_spent THEN jsonb_build_object('shares', jsonb_build_array(jsonb_build_object(
               'program', 1, 'spent', points, 'covered', points, 'numerator', 1, 'denominator', 1))) END AS detail,
           CASE WHEN is_spent THEN 'redemption' ELSE 'accrual' END AS kind,
           CASE WHEN is_spent THEN '' ELSE 'bench' END AS rule
    FROM posted p
), draws AS (
    INSERT INTO points_draw (posting_id, lot_id, member_id, points) SELECT id, lot, member, points FROM drawn
), entries AS (
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
    SELECT id, member, wallet, 1, CASE WHEN is_spent THEN 'redeemed' ELSE 'issued' END, unit,
           CASE WHEN is_spent THEN -points ELSE points END
    FROM posted
), lots AS (
    INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, unit_cost,
                            earned_at, available_at, expires_at, is_open)
    SELECT lot, wallet, member, 1, unit, id, points, left_over, 0.01, at, at, '2040-01-01', left_over > 0
    FROM posted
    CROSS JOIN LATERAL (SELECT CASE WHEN turn < 3 THEN 0 WHEN turn = 3 THEN points / 2 ELSE points END AS left_over) r
    WHERE NOT is_spent
)
INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at, actor,
                            rule, detail, digest)
SELECT t.id, kind, unit, reference, t.member, 1, t.points, at, at, 'bench', rule, detail,
       points_digest(
           points_posting_text(t.id, kind, unit, reference, t.member, 1, t.points, at, at, 'bench', rule, NULL, detail),
           points_entry_text(t.member, 1, CASE WHEN is_spent THEN 'redeemed' ELSE 'issued' END, unit,
                             CASE WHEN is_spent THEN -t.points ELSE t.points END),
           draws,
           CASE WHEN NOT is_spent THEN
               points_lot_text(t.lot, unit, t.points, 0.01, at, at, '2040-01-01') END)
FROM told t LEFT JOIN drawn_text USING (id)
ORDER BY n;
