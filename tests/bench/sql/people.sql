-- Units, programs and members to measure with. Member n has an id, a number and a card that say n.
INSERT INTO units_businessunit (code, name_zh, name_en, sector, currency, is_active, created_at)
    SELECT 'BENCH' || n, '业态' || n, 'Unit ' || n, 'mall', 'CNY', true, now() FROM generate_series(1, 100) n;
INSERT INTO points_program (code, name_zh, name_en, owner_id, expiry_kind, expiry_count, time_zone, unit_cost, currency,
                            reversal_policy, grace_days, is_active)
    SELECT 'BENCH' || n, '积分' || n, 'Points ' || n, 1, 'month_end', 24, 'Asia/Shanghai', 0.01, 'CNY', 'debt', 0, true
    FROM generate_series(1, 3) n;
INSERT INTO members_member (id, number, status, name, gender, address, is_generated, joined_at, created_at)
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, lpad(n::text, 12, '0'), 'active', '', '', '',
           true, '2000-01-01', now()
    FROM generate_series(1, %(members)s) n;
INSERT INTO members_enrolment (member_id, unit_id, legacy_card, channel, tier_hint, joined_at, attributes, enrolled_by,
                               created_at)
    SELECT id, 1, 'C' || number, 'import', '', '2000-01-01', '', 'bench', now() FROM members_member;
INSERT INTO activities_earnrule (code, name_zh, name_en, effect, priority, unit_id, program_id, version,
                                 points_per_currency_unit, fixed_points, terms, during, created_at)
    VALUES ('BENCH', '', '', 'base', 0, 1, 1, 1, 1, 0, '{}', '[2000-01-01,)', now());
