-- Invariant: a voucher stands where its last event left it, and its events only grow.
-- Adding an event is the one way to move a voucher: the trigger locks it, refuses a step that does not follow, numbers the
-- event and writes the new state. The app role changes no voucher itself.
CREATE FUNCTION benefits_step_voucher() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v benefits_voucher;
    v_from text[];
BEGIN
    SELECT * INTO v FROM benefits_voucher WHERE id = NEW.voucher_id FOR NO KEY UPDATE;
    v_from := CASE NEW.kind
        WHEN 'issued' THEN '{issued}' WHEN 'locked' THEN '{issued}' WHEN 'released' THEN '{locked}'
        WHEN 'used' THEN '{issued,locked,expired}' WHEN 'restored' THEN '{used}' WHEN 'expired' THEN '{issued}'
        WHEN 'voided' THEN '{issued}' ELSE '{}' END;
    IF v.state IS NULL OR NOT v.state = ANY (v_from) OR (NEW.kind = 'issued') <> (v.moves = 0) THEN
        RAISE EXCEPTION 'voucher % is %: % refused', v.id, v.state, NEW.kind USING ERRCODE = 'restrict_violation';
    END IF;
    -- In its time; a lock taken in time is good until it ends. A sale uses what it locked, and no other sale does.
    -- A till without a connection may tell of a use in time after the sweep.
    IF NEW.kind IN ('locked', 'used') AND v.state <> 'locked' AND (NEW.at < v.valid_from OR NEW.at >= v.expires_at)
       OR NEW.kind = 'used' AND v.state = 'locked'
          AND ((v.lock_unit_id, v.lock_ref) IS DISTINCT FROM (NEW.unit_id, NEW.source_ref) OR NEW.at >= v.locked_until)
       OR NEW.kind = 'expired' AND NEW.at < v.expires_at
       OR NEW.kind = 'restored' AND NEW.until IS NOT NULL AND v.is_extended THEN
        RAISE EXCEPTION 'voucher % is not in its time: % refused', v.id, NEW.kind USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.number := v.moves + 1;
    UPDATE benefits_voucher SET
        state = CASE NEW.kind WHEN 'locked' THEN 'locked' WHEN 'used' THEN 'used' WHEN 'expired' THEN 'expired'
                WHEN 'voided' THEN 'void' ELSE 'issued' END,
        moves = NEW.number,
        locked_until = CASE WHEN NEW.kind = 'locked' THEN NEW.until END,
        lock_unit_id = CASE WHEN NEW.kind = 'locked' THEN NEW.unit_id END,
        lock_ref = CASE WHEN NEW.kind = 'locked' THEN NEW.source_ref ELSE '' END,
        expires_at = CASE WHEN NEW.kind = 'restored' THEN coalesce(NEW.until, v.expires_at) ELSE v.expires_at END,
        is_extended = v.is_extended OR NEW.kind = 'restored' AND NEW.until IS NOT NULL
    WHERE id = v.id;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION benefits_step_voucher() FROM PUBLIC;

CREATE TRIGGER voucher_moves_by_events BEFORE INSERT ON benefits_voucherevent
    FOR EACH ROW EXECUTE FUNCTION benefits_step_voucher();
CREATE TRIGGER voucher_event_is_append_only BEFORE UPDATE OR DELETE ON benefits_voucherevent
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER voucher_event_is_never_emptied BEFORE TRUNCATE ON benefits_voucherevent
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();

-- A voucher begins unused, and counts in its batch from its first moment on.
CREATE FUNCTION benefits_begin_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.state, NEW.moves, NEW.is_extended) IS DISTINCT FROM ('issued', 0, false) THEN
        RAISE EXCEPTION 'a voucher begins unused' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION benefits_begin_voucher() FROM PUBLIC;
CREATE FUNCTION benefits_count_vouchers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE benefits_voucherbatch b SET issued = b.issued + f.n
        FROM (SELECT batch_id, count(*) AS n FROM fresh GROUP BY batch_id) f WHERE b.id = f.batch_id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION benefits_count_vouchers() FROM PUBLIC;
CREATE TRIGGER voucher_begins_unused BEFORE INSERT ON benefits_voucher
    FOR EACH ROW EXECUTE FUNCTION benefits_begin_voucher();
CREATE TRIGGER voucher_is_counted AFTER INSERT ON benefits_voucher
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION benefits_count_vouchers();
CREATE TRIGGER voucher_is_fixed BEFORE UPDATE OF id, batch_id, digest, code, tail, member_id, cause, valid_from, issued_at
    ON benefits_voucher FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER voucher_is_never_deleted BEFORE DELETE ON benefits_voucher
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER voucher_is_never_emptied BEFORE TRUNCATE ON benefits_voucher
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();

-- What was promised with a voucher stays promised: only the end of a batch, and how many it may still issue, move on.
CREATE FUNCTION benefits_keep_batch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_free text[] := '{closed_at,closed_by,issued_max,issued}';
BEGIN
    IF OLD.issued <> NEW.issued AND current_user = session_user THEN
        RAISE EXCEPTION 'the vouchers of a batch are counted, not told' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.closed_at IS NOT NULL AND (NEW.closed_at, NEW.closed_by) IS DISTINCT FROM (OLD.closed_at, OLD.closed_by)
       OR OLD.issued > 0 AND to_jsonb(OLD) - v_free <> to_jsonb(NEW) - v_free THEN
        RAISE EXCEPTION 'batch % has been issued: its terms stand', OLD.code USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION benefits_keep_batch() FROM PUBLIC;
CREATE TRIGGER voucher_batch_keeps_its_word BEFORE UPDATE ON benefits_voucherbatch
    FOR EACH ROW EXECUTE FUNCTION benefits_keep_batch();

CREATE TRIGGER offline_use_is_append_only BEFORE UPDATE OR DELETE ON benefits_offlineuse
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER offline_list_is_append_only BEFORE UPDATE OR DELETE ON benefits_offlinelist
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER offline_entry_is_append_only BEFORE UPDATE OR DELETE ON benefits_offlineentry
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER voucher_download_is_append_only BEFORE UPDATE OR DELETE ON benefits_voucherdownload
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER points_decide_once BEFORE INSERT OR UPDATE OR DELETE ON benefits_voucherexport
    FOR EACH ROW EXECUTE FUNCTION points_decide_once('asked', '{state,decided_by_id,decided_at,note}');

-- UPDATE of an id is what SELECT … FOR UPDATE asks for; the triggers above refuse to do it.
REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON benefits_voucher, benefits_voucherevent, benefits_offlinelist,
    benefits_offlineentry, benefits_offlineuse, benefits_voucherdownload FROM loyalty_app;
GRANT SELECT, INSERT ON benefits_voucher, benefits_voucherevent, benefits_offlinelist, benefits_offlineentry,
    benefits_offlineuse, benefits_voucherdownload TO loyalty_app;
GRANT UPDATE (id) ON benefits_voucher TO loyalty_app;
GRANT SELECT ON benefits_voucher, benefits_voucherevent, benefits_voucherbatch, benefits_offlinelist,
    benefits_offlineentry, benefits_offlineuse, benefits_voucherdownload, benefits_voucherexport TO loyalty_auditor;
