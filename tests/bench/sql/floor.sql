-- The floor: the least durable work an earn can be. An idempotency row, two entries, a balance; one function call.
CREATE TABLE floor_posting (source_ref text PRIMARY KEY, id bigint GENERATED ALWAYS AS IDENTITY);
CREATE TABLE floor_entry (posting_id bigint NOT NULL, account integer NOT NULL, points bigint NOT NULL);
CREATE TABLE floor_balance (account integer PRIMARY KEY, points bigint NOT NULL) WITH (fillfactor = 70);

CREATE FUNCTION floor_post(p_source_ref text, p_account integer, p_points bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO floor_posting (source_ref) VALUES (p_source_ref) RETURNING id INTO v_id;
    INSERT INTO floor_entry VALUES (v_id, p_account, p_points), (v_id, 0, -p_points);
    UPDATE floor_balance SET points = points + p_points WHERE account = p_account;
    RETURN v_id;
END $$;

INSERT INTO floor_balance SELECT n, 0 FROM generate_series(1, %(members)s) n;
GRANT SELECT, INSERT, UPDATE ON floor_posting, floor_entry, floor_balance TO loyalty_app;
