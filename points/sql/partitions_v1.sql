-- Invariant: every entry and draw lies in the part of the year in which it was posted, guarded like the whole.
-- Nothing here runs by itself: `manage.py partition_journal` parts the two tables when they have outgrown one.
-- Ids of postings are UUIDv7, so their order is that of time, and a year is a range of `posting_id`. Postings stay in
-- one table: a source reference posts once for ever, which no index over parts by time can promise.

-- The first id that can be made at an instant.
CREATE FUNCTION points_first_id(p_at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The first id of a calendar year in a time zone, and the year in which an id was made.
CREATE FUNCTION points_first_id_of_year(p_year integer, p_zone text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT points_first_id(make_timestamptz(p_year, 1, 1, 0, 0, 0, p_zone))
$$;
CREATE FUNCTION points_year_of_id(p_id uuid, p_zone text) RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT extract(year FROM to_timestamp(
        ('x' || left(replace(p_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) AT TIME ZONE p_zone)::integer
$$;

-- The parts of a table: the default one has neither bound.
CREATE FUNCTION points_parts(
    p_table regclass, OUT part regclass, OUT first_id uuid, OUT end_id uuid, OUT is_default boolean
) RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT c.oid::regclass, substring(b.bound FROM 'FROM \(''([0-9a-f-]+)''\)')::uuid,
           substring(b.bound FROM 'TO \(''([0-9a-f-]+)''\)')::uuid, b.bound = 'DEFAULT'
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
    WHERE i.inhparent = p_table
$$;

-- A part is written through its table only, by the kernel; whoever names it meets the table's guards. Row triggers come
-- with attaching; TRUNCATE fires those of the table it names alone, and rights are those of the table it names.
CREATE FUNCTION points_guard_part(p_part regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = p_part AND tgname = 'part_is_never_emptied') THEN
        EXECUTE format('CREATE TRIGGER part_is_never_emptied BEFORE TRUNCATE ON %s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change()', p_part);
    END IF;
    -- What the owner makes is writable by the app unless it is taken back.
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, loyalty_app, loyalty_auditor', p_part);
    EXECUTE format('GRANT SELECT ON %s TO loyalty_app, loyalty_auditor', p_part);
    PERFORM points_keep_growing(p_part);
END $$;

CREATE FUNCTION points_make_part(p_table regclass, p_name text, p_first uuid, p_end uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Made apart and attached: that waits for nobody who reads or writes the other parts.
    EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', p_name, p_table);
    PERFORM points_guard_part(p_name::regclass);
    IF p_end IS NULL THEN
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I DEFAULT', p_table, p_name);
    ELSE
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       p_table, p_name, p_first, p_end);
    END IF;
END $$;

-- Parts up to `p_years` after the year of `p_at`; how many were made. Repeating it makes none. The app may call it: it
-- takes nothing away, and makes five years' at most. If it was not called in time, the default part has caught the
-- rows: it becomes the part of its years, and an empty one takes its place.
CREATE FUNCTION points_make_coming_parts(p_at timestamptz, p_years integer, p_zone text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_table text;
    v_late regclass;
    v_last uuid;
    v_year integer;
    v_until integer := least(extract(year FROM p_at AT TIME ZONE p_zone),
                             extract(year FROM clock_timestamp() AT TIME ZONE p_zone)) + least(p_years, 5);
    v_made integer := 0;
BEGIN
    -- Two makers: the second finds the work done.
    PERFORM pg_advisory_xact_lock(hashtext('points_make_coming_parts'));
    FOR v_table IN SELECT relname FROM pg_class
                   WHERE oid IN ('points_entry'::regclass, 'points_draw'::regclass) AND relkind = 'p' LOOP
        SELECT max(end_id::text)::uuid INTO v_last FROM points_parts(v_table::regclass);
        v_year := points_year_of_id(v_last, p_zone);
        ASSERT points_first_id_of_year(v_year, p_zone) = v_last, 'the years of the parts begin in another time zone';
        v_late := (SELECT part FROM points_parts(v_table::regclass) WHERE is_default);
        EXECUTE format('SELECT max(posting_id::text)::uuid FROM %s', v_late) INTO v_last;
        IF v_last IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', v_table, v_late);
            v_made := v_made + 1;
            -- `later` holds `v_year` to the year of its last row.
            EXECUTE format('ALTER TABLE %s RENAME TO %I', v_late,
                           v_table || '_to_' || points_year_of_id(v_last, p_zone));
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', v_table, v_late,
                           points_first_id_of_year(v_year, p_zone),
                           points_first_id_of_year(points_year_of_id(v_last, p_zone) + 1, p_zone));
            PERFORM points_make_part(v_table::regclass, v_table || '_later', NULL, NULL);
            v_year := points_year_of_id(v_last, p_zone) + 1;
        END IF;
        WHILE v_year <= v_until LOOP
            PERFORM points_make_part(v_table::regclass, v_table || '_' || v_year,
                                     points_first_id_of_year(v_year, p_zone),
                                     points_first_id_of_year(v_year + 1, p_zone));
            v_year := v_year + 1;
            v_made := v_made + 1;
        END LOOP;
    END LOOP;
    RETURN v_made;
END $$;

-- Put a table of parts in the place of a plain one, which becomes its first part: names change, no row moves.
-- `p_index` is a unique index on (id, posting_id), and a CHECK `…_until` keeps `posting_id` below `p_end`: both were
-- made before, without this lock.
CREATE FUNCTION points_part_table(p_table text, p_noun text, p_index text, p_year integer, p_end uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_old text := p_table || '_to_' || p_year;
    v_next bigint;
    v_index record;
BEGIN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', p_table);
    EXECUTE format('SELECT nextval(pg_get_serial_sequence(%L, ''id''))', p_table) INTO v_next;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', p_table, v_old);
    EXECUTE format('ALTER TABLE %I ALTER id DROP IDENTITY', v_old);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', v_old,
                   (SELECT conname FROM pg_constraint WHERE conrelid = v_old::regclass AND contype = 'p'));
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I PRIMARY KEY USING INDEX %I', v_old, v_old || '_pkey', p_index);
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (id, posting_id)) '
                   'PARTITION BY RANGE (posting_id)', p_table, v_old);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', p_table, p_table || '_until');
    EXECUTE format('ALTER TABLE %I ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (START WITH %s)', p_table, v_next);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, loyalty_app, loyalty_auditor', p_table);
    EXECUTE format('GRANT SELECT ON %I TO loyalty_app, loyalty_auditor', p_table);
    -- The same single-column indexes as the plain table has; its own are taken as theirs.
    FOR v_index IN SELECT a.attname FROM pg_index x
                   JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
                   WHERE x.indrelid = v_old::regclass AND x.indnatts = 1 LOOP
        EXECUTE format('CREATE INDEX ON %I (%I)', p_table, v_index.attname);
    END LOOP;
    -- The row trigger comes back with attaching.
    EXECUTE format('DROP TRIGGER %I ON %I', p_noun || '_is_append_only', v_old);
    EXECUTE format('DROP TRIGGER %I ON %I', p_noun || '_is_never_emptied', v_old);
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I '
                   'FOR EACH ROW EXECUTE FUNCTION points_refuse_change()', p_noun || '_is_append_only', p_table);
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change()',
                   p_noun || '_is_never_emptied', p_table);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', p_table, v_old, p_end);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', v_old, p_table || '_until');
    PERFORM points_guard_part(v_old::regclass);
    PERFORM points_make_part(p_table::regclass, p_table || '_later', NULL, NULL);
END $$;

REVOKE ALL ON FUNCTION
    points_first_id(timestamptz), points_first_id_of_year(integer, text), points_year_of_id(uuid, text),
    points_parts(regclass), points_guard_part(regclass), points_make_part(regclass, text, uuid, uuid),
    points_make_coming_parts(timestamptz, integer, text), points_part_table(text, text, text, integer, uuid)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_first_id(timestamptz), points_first_id_of_year(integer, text), points_year_of_id(uuid, text),
    points_parts(regclass)
TO loyalty_app, loyalty_auditor;
GRANT EXECUTE ON FUNCTION points_make_coming_parts(timestamptz, integer, text) TO loyalty_app;
