-- Invariant: what gates saw only grows. Which stay a passage is part of may change; what it says may not, but that a plate is
-- forgotten (docs/privacy.md): of a member whose key was destroyed, or of a stranger whose stay is over and has forgotten its own:
-- then the passage takes the stand-in of its stay, and nothing else.
CREATE OR REPLACE FUNCTION parking_passage_keeps_its_word() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_free text[] := '{session_id}';
BEGIN
    IF NEW.session_id IS NOT DISTINCT FROM OLD.session_id AND EXISTS (
        SELECT FROM parking_parkingsession s LEFT JOIN members_memberkey k ON k.member_id = s.member_id
        WHERE s.id = OLD.session_id AND (
            k.destroyed_at IS NOT NULL
            OR s.member_id IS NULL AND s.state <> 'inside' AND s.plate = '' AND s.plate_index = NEW.plate_index)) THEN
        v_free := '{plate_index}';
    END IF;
    IF (to_jsonb(NEW) - v_free) IS DISTINCT FROM (to_jsonb(OLD) - v_free) THEN
        RAISE EXCEPTION 'a passage says what it said' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION parking_passage_keeps_its_word() FROM PUBLIC;

-- Each night looks for those that are old enough: what was forgotten is not looked at again.
CREATE INDEX parking_session_of_a_stranger ON parking_parkingsession (began_at)
    WHERE member_id IS NULL AND state <> 'inside' AND plate <> '';
