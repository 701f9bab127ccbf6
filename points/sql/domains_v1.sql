-- Invariant: what one column of a journal row may say is its type's to refuse, what two columns say together is a CHECK's.
-- PostgreSQL reads the text of a CHECK anew for every statement that writes the table, and a type's once a session: the
-- twelve CHECKs of an accrual's rows cost more than its digest (docs/adr/0009-domains.md). Names are those of the old CHECKs.

CREATE DOMAIN points_posting_kind AS varchar(12) CONSTRAINT posting_kind_is_known CHECK (VALUE IN (
    'accrual', 'redemption', 'exchange', 'expiry', 'reversal', 'transfer', 'adjustment', 'maturity', 'move'));
CREATE DOMAIN points_posting_points AS bigint CONSTRAINT posting_points_are_positive CHECK (VALUE > 0);
CREATE DOMAIN points_entry_house AS varchar(10) CONSTRAINT entry_house_account_is_known CHECK (VALUE IN (
    'issued', 'redeemed', 'expired', 'exchange', 'adjusted', 'transfer'));
CREATE DOMAIN points_entry_points AS bigint CONSTRAINT entry_moves_something CHECK (VALUE <> 0);
CREATE DOMAIN points_draw_points AS bigint CONSTRAINT draw_moves_something CHECK (VALUE <> 0);
CREATE DOMAIN points_lot_points AS bigint CONSTRAINT lot_points_are_positive CHECK (VALUE > 0);
CREATE DOMAIN points_lot_cost AS numeric(12, 6) CONSTRAINT lot_cost_is_not_negative CHECK (VALUE >= 0);
CREATE DOMAIN points_wallet_debt AS bigint CONSTRAINT wallet_debt_is_not_negative CHECK (VALUE >= 0);

-- A trigger that names a column stands in the way of its type; it comes back as rolling_v1.sql made it.
DROP TRIGGER lot_is_fixed ON points_lot;
ALTER TABLE points_posting
    DROP CONSTRAINT posting_kind_is_known,
    DROP CONSTRAINT posting_points_are_positive,
    ALTER COLUMN kind TYPE points_posting_kind,
    ALTER COLUMN points TYPE points_posting_points;
ALTER TABLE points_entry
    DROP CONSTRAINT entry_house_account_is_known,
    DROP CONSTRAINT entry_moves_something,
    ALTER COLUMN house TYPE points_entry_house,
    ALTER COLUMN points TYPE points_entry_points;
ALTER TABLE points_draw
    DROP CONSTRAINT draw_moves_something,
    ALTER COLUMN points TYPE points_draw_points;
ALTER TABLE points_lot
    DROP CONSTRAINT lot_points_are_positive,
    DROP CONSTRAINT lot_remaining_within_its_points,
    DROP CONSTRAINT lot_holds_what_it_has,
    DROP CONSTRAINT lot_is_open_while_points_remain,
    DROP CONSTRAINT lot_cost_is_not_negative,
    ALTER COLUMN points TYPE points_lot_points,
    ALTER COLUMN unit_cost TYPE points_lot_cost,
    ADD CONSTRAINT lot_amounts_fit CHECK (
        remaining BETWEEN 0 AND points AND held BETWEEN 0 AND remaining AND is_open = (remaining > 0));
ALTER TABLE points_wallet
    DROP CONSTRAINT wallet_debt_is_not_negative,
    ALTER COLUMN debt TYPE points_wallet_debt;
CREATE TRIGGER lot_is_fixed BEFORE UPDATE OF
        id, wallet_id, member_id, program_id, issuer_id, posting_id,
        points, unit_cost, earned_at, available_at, rolls
    ON points_lot FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
