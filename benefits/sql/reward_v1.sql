-- Invariant: stock is what its movements made it, never oversold; an order stands where its last event left it.
-- Adding a movement or an event is the one way to change a stock or an order. The trigger takes the row, so that those who
-- want the last piece come one after the other, and a CHECK has the last word.
CREATE FUNCTION benefits_move_stock() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE benefits_stock SET on_hand = on_hand + NEW.on_hand_change, reserved = reserved + NEW.reserved_change,
                              moves = moves + 1
        WHERE id = NEW.stock_id
        RETURNING moves, on_hand, reserved INTO STRICT NEW.number, NEW.on_hand_after, NEW.reserved_after;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION benefits_move_stock() FROM PUBLIC;
CREATE TRIGGER stock_moves_by_movements BEFORE INSERT ON benefits_stockmovement
    FOR EACH ROW EXECUTE FUNCTION benefits_move_stock();
CREATE TRIGGER stock_movement_is_append_only BEFORE UPDATE OR DELETE ON benefits_stockmovement
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER stock_movement_is_never_emptied BEFORE TRUNCATE ON benefits_stockmovement
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();

CREATE FUNCTION benefits_begin_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.on_hand, NEW.reserved, NEW.moves) IS DISTINCT FROM (0, 0, 0) THEN
        RAISE EXCEPTION 'a stock begins empty' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION benefits_begin_stock() FROM PUBLIC;
CREATE TRIGGER stock_begins_empty BEFORE INSERT ON benefits_stock
    FOR EACH ROW EXECUTE FUNCTION benefits_begin_stock();
CREATE TRIGGER stock_is_fixed BEFORE UPDATE OF id, reward_id, outlet_id ON benefits_stock
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER stock_is_never_deleted BEFORE DELETE ON benefits_stock
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER stock_is_never_emptied BEFORE TRUNCATE ON benefits_stock
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();

CREATE FUNCTION benefits_step_order() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    o benefits_rewardorder;
BEGIN
    SELECT * INTO o FROM benefits_rewardorder WHERE id = NEW.order_id FOR NO KEY UPDATE;
    IF o.state IS DISTINCT FROM (CASE WHEN NEW.kind = 'refunded' THEN 'fulfilled' ELSE 'placed' END)
       OR (NEW.kind = 'placed') <> (o.moves = 0)
       OR NEW.kind = 'fulfilled' AND NEW.at >= o.expires_at OR NEW.kind = 'expired' AND NEW.at < o.expires_at
       OR NEW.kind = 'fulfilled' AND o.money > 0 AND NEW.receipt_ref = '' THEN
        RAISE EXCEPTION 'order % is %: % refused', o.id, o.state, NEW.kind USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.number := o.moves + 1;
    UPDATE benefits_rewardorder SET state = NEW.kind, moves = NEW.number,
        closed_at = CASE WHEN NEW.kind = 'placed' THEN NULL ELSE NEW.at END
        WHERE id = o.id;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION benefits_step_order() FROM PUBLIC;
CREATE TRIGGER order_moves_by_events BEFORE INSERT ON benefits_rewardorderevent
    FOR EACH ROW EXECUTE FUNCTION benefits_step_order();
CREATE TRIGGER order_event_is_append_only BEFORE UPDATE OR DELETE ON benefits_rewardorderevent
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER order_event_is_never_emptied BEFORE TRUNCATE ON benefits_rewardorderevent
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();

CREATE FUNCTION benefits_begin_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'placed' OR NEW.moves <> 0 THEN
        RAISE EXCEPTION 'an order begins placed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION benefits_begin_order() FROM PUBLIC;
CREATE TRIGGER order_begins_placed BEFORE INSERT ON benefits_rewardorder
    FOR EACH ROW EXECUTE FUNCTION benefits_begin_order();
CREATE TRIGGER order_is_fixed BEFORE UPDATE OF id, order_ref, member_id, reward_id, stock_id, unit_id, outlet_id, quantity,
        program_id, points, money, cost, currency, hold_id, placed_at, expires_at
    ON benefits_rewardorder FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER order_is_never_deleted BEFORE DELETE ON benefits_rewardorder
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER order_is_never_emptied BEFORE TRUNCATE ON benefits_rewardorder
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER picture_is_fixed BEFORE UPDATE ON benefits_rewardpicture
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();

-- UPDATE of an id is what SELECT … FOR UPDATE asks for; the triggers above refuse to do it.
REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON benefits_stock, benefits_stockmovement, benefits_rewardorder,
    benefits_rewardorderevent FROM loyalty_app;
GRANT SELECT, INSERT ON benefits_stock, benefits_stockmovement, benefits_rewardorder, benefits_rewardorderevent
    TO loyalty_app;
GRANT UPDATE (id) ON benefits_stock, benefits_rewardorder TO loyalty_app;
GRANT SELECT ON benefits_stock, benefits_stockmovement, benefits_rewardorder, benefits_rewardorderevent, benefits_reward
    TO loyalty_auditor;
