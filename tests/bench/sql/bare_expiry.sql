-- The least that an expiry can be: lots emptied, an entry each.
BEGIN;
CREATE TEMPORARY TABLE due AS
    SELECT id, posting_id, member_id, wallet_id, program_id, issuer_id, remaining
    FROM points_lot WHERE is_open AND expires_at <= '2026-01-01';
UPDATE points_lot l SET remaining = 0, is_open = false FROM due d WHERE l.id = d.id;
INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
    SELECT posting_id, member_id, wallet_id, program_id, 'expired', issuer_id, -remaining FROM due;
COMMIT;
