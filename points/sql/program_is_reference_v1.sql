-- Invariant: a change of a program leaves a mark (units/sql/reference_v1.sql), as processes keep programs.
CREATE TRIGGER program_changes_are_marked AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON points_program
    FOR EACH STATEMENT EXECUTE FUNCTION reference_changed();
