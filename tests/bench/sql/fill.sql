-- Lots for members 1 to `members`, through the kernel's own batch function, 20,000 a call.
-- Lot k of member n expires `k` minutes after `expires_at`; each holds `points`.
DO $$
DECLARE
    v_from bigint := 0;
    v_all bigint := %(members)s::bigint * %(lots)s;
BEGIN
    WHILE v_from < v_all LOOP
        PERFORM points_accrue_many(
            array_agg(('00000000-0000-7000-8000-' || lpad(to_hex(n %% %(members)s + 1), 12, '0'))::uuid ORDER BY n),
            array_agg(%(program)s ORDER BY n), array_agg((n %% 100 + 1)::integer ORDER BY n),
            array_agg(%(points)s::bigint ORDER BY n), array_agg(%(prefix)s || n ORDER BY n),
            array_agg(%(earned_at)s::timestamptz + n * interval '1 ms' ORDER BY n),
            array_agg(%(earned_at)s::timestamptz + n * interval '1 ms' ORDER BY n),
            array_agg(%(expires_at)s::timestamptz + n / %(members)s * interval '1 minute' ORDER BY n),
            array_agg(0.01 ORDER BY n), 'bench', array_agg('bench'::text ORDER BY n))
        FROM generate_series(v_from, least(v_from + 20000, v_all) - 1) n;
        v_from := v_from + 20000;
        COMMIT;
    END LOOP;
END $$;
