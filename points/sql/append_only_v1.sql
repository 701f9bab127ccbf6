-- Invariant: the journal only grows, and what a lot gave is fixed. A mistake is mended by a reversal.
CREATE FUNCTION points_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

-- Row triggers name the row's table; statement triggers are the only kind that TRUNCATE fires.
CREATE TRIGGER posting_is_append_only BEFORE UPDATE OR DELETE ON points_posting
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER posting_is_never_emptied BEFORE TRUNCATE ON points_posting
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE ON points_entry
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER entry_is_never_emptied BEFORE TRUNCATE ON points_entry
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER draw_is_append_only BEFORE UPDATE OR DELETE ON points_draw
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER draw_is_never_emptied BEFORE TRUNCATE ON points_draw
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();

-- A lot's `remaining` and `is_open` move; the rest never. `UPDATE OF` costs nothing to a draw, which names neither.
CREATE TRIGGER lot_is_fixed BEFORE UPDATE OF
        id, wallet_id, member_id, program_id, issuer_id, posting_id,
        points, unit_cost, earned_at, available_at, expires_at
    ON points_lot FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER lot_is_never_deleted BEFORE DELETE ON points_lot
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER lot_is_never_emptied BEFORE TRUNCATE ON points_lot
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER wallet_is_never_deleted BEFORE DELETE ON points_wallet
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER wallet_is_never_emptied BEFORE TRUNCATE ON points_wallet
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER wallet_is_of_one_member BEFORE UPDATE OF id, member_id, program_id ON points_wallet
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();

-- A hold ends, and nothing else of it changes; which lots it named is fixed.
CREATE TRIGGER hold_is_fixed BEFORE UPDATE OF id, unit_id, source_ref, member_id, program_id, points, shares, held_at
    ON points_hold FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER hold_is_never_deleted BEFORE DELETE ON points_hold
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER hold_is_never_emptied BEFORE TRUNCATE ON points_hold
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER holdlot_is_fixed BEFORE UPDATE OR DELETE ON points_holdlot
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER holdlot_is_never_emptied BEFORE TRUNCATE ON points_holdlot
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();

-- Rows that are updated in place leave room on their page, so that updates stay HOT.
ALTER TABLE points_wallet SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE points_lot SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
