-- Invariant: what gates saw only grows. Which stay a passage is part of may change; what it says may not, but that the plate of
-- a member whose key was destroyed is forgotten (docs/privacy.md): it becomes the stand-in of its stay.
CREATE OR REPLACE FUNCTION parking_passage_keeps_its_word() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_free text[] := '{session_id}';
BEGIN
    IF NEW.session_id IS NOT DISTINCT FROM OLD.session_id AND EXISTS (
        SELECT FROM parking_parkingsession s JOIN members_memberkey k ON k.member_id = s.member_id
        WHERE s.id = OLD.session_id AND k.destroyed_at IS NOT NULL) THEN
        v_free := '{plate_index}';
    END IF;
    IF (to_jsonb(NEW) - v_free) IS DISTINCT FROM (to_jsonb(OLD) - v_free) THEN
        RAISE EXCEPTION 'a passage says what it said' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION parking_passage_keeps_its_word() FROM PUBLIC;
