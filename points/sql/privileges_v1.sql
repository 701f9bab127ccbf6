-- Invariant: the app role reads the ledger and calls the kernel; it writes no row of it.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER
    ON points_posting, points_entry, points_draw, points_lot, points_wallet, points_hold, points_holdlot FROM loyalty_app;
GRANT SELECT ON points_posting, points_entry, points_draw, points_lot, points_wallet, points_hold, points_holdlot
    TO loyalty_app;

-- The kernel runs as its owner; nobody else may call it by default.
REVOKE ALL ON FUNCTION
    points_accrue(uuid, integer, integer, bigint, text, timestamptz, timestamptz, timestamptz, numeric, text, text),
    points_accrue_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], timestamptz[],
                       numeric[], text, text[]),
    points_allocate(uuid, integer, bigint, timestamptz),
    points_redeem(uuid, integer, integer, bigint, text, timestamptz, text, jsonb),
    points_redeem_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], text),
    points_expire(timestamptz, bigint, integer, text),
    points_reverse_accrual(uuid, bigint, text, timestamptz, text, text),
    points_reverse_redemption(uuid, bigint, text, timestamptz, timestamptz, text),
    points_hold_price(uuid, integer, integer, bigint, text, timestamptz, timestamptz, text, jsonb),
    points_capture_hold(uuid, bigint, timestamptz, text),
    points_void_hold(uuid, timestamptz, text),
    points_time_out_holds(timestamptz, integer),
    points_exchange(uuid, integer, integer, integer, bigint, text, timestamptz, timestamptz, timestamptz, text, bigint)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_accrue(uuid, integer, integer, bigint, text, timestamptz, timestamptz, timestamptz, numeric, text, text),
    points_accrue_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], timestamptz[],
                       numeric[], text, text[]),
    points_allocate(uuid, integer, bigint, timestamptz),
    points_redeem(uuid, integer, integer, bigint, text, timestamptz, text, jsonb),
    points_redeem_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], text),
    points_expire(timestamptz, bigint, integer, text),
    points_reverse_accrual(uuid, bigint, text, timestamptz, text, text),
    points_reverse_redemption(uuid, bigint, text, timestamptz, timestamptz, text),
    points_hold_price(uuid, integer, integer, bigint, text, timestamptz, timestamptz, text, jsonb),
    points_capture_hold(uuid, bigint, timestamptz, text),
    points_void_hold(uuid, timestamptz, text),
    points_time_out_holds(timestamptz, integer),
    points_exchange(uuid, integer, integer, integer, bigint, text, timestamptz, timestamptz, timestamptz, text, bigint)
TO loyalty_app;
-- What the audit needs beyond SELECT: the text and the digest of a posting (they read nothing).
GRANT EXECUTE ON FUNCTION
    points_posting_text(uuid, text, integer, text, uuid, integer, bigint, timestamptz, timestamptz, text, text, uuid,
                        jsonb),
    points_entry_text(uuid, integer, text, integer, bigint),
    points_draw_text(uuid, bigint),
    points_lot_text(uuid, integer, bigint, numeric, timestamptz, timestamptz, timestamptz),
    points_digest(text, text, text, text)
TO loyalty_app, loyalty_auditor;
