-- A plate for every member, found by an index that nobody wrote: look-ups cost what real ones do.
INSERT INTO members_identity (member_id, kind, value, blind_index, is_active, proof, proven_at)
SELECT m.id, 'plate', '\x', sha256(uuid_send(m.id)), true, 'told', now() FROM members_member m;
