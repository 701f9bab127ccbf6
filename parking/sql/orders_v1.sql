-- Invariant: an order is paid wholly or not at all: its parts add up to its fee, and no state leads back.

-- Parts are written with their order and never again.
CREATE TRIGGER parking_part_is_append_only BEFORE UPDATE OR DELETE ON parking_orderpart
    FOR EACH ROW EXECUTE FUNCTION parking_refuse_change();
CREATE TRIGGER parking_part_is_never_emptied BEFORE TRUNCATE ON parking_orderpart
    FOR EACH STATEMENT EXECUTE FUNCTION parking_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON parking_orderpart FROM loyalty_app;
GRANT SELECT, INSERT ON parking_orderpart TO loyalty_app;

CREATE FUNCTION parking_parts_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_order uuid := CASE WHEN TG_TABLE_NAME = 'parking_orderpart' THEN (to_jsonb(NEW) ->> 'order_id')::uuid
                         ELSE (to_jsonb(NEW) ->> 'id')::uuid END;
    v_fee numeric;
    v_parts numeric;
BEGIN
    SELECT o.fee, coalesce((SELECT sum(p.amount) FROM parking_orderpart p WHERE p.order_id = o.id), 0)
    INTO v_fee, v_parts FROM parking_parkingorder o WHERE o.id = v_order;
    IF v_fee <> v_parts THEN
        RAISE EXCEPTION 'the parts of order % add up to %, its fee is %', v_order, v_parts, v_fee
            USING ERRCODE = 'check_violation', CONSTRAINT = 'parking_parts_add_up_to_the_fee';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION parking_parts_add_up() FROM PUBLIC;
-- At commit: an order and its parts are several statements.
CREATE CONSTRAINT TRIGGER parking_parts_add_up_to_the_fee AFTER INSERT ON parking_orderpart
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION parking_parts_add_up();
CREATE CONSTRAINT TRIGGER parking_order_has_its_parts AFTER INSERT ON parking_parkingorder
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION parking_parts_add_up();

CREATE FUNCTION parking_order_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('placed', 'paid'), ('placed', 'cancelled'), ('placed', 'expired'), ('paid', 'refunded')
    ) THEN
        RAISE EXCEPTION 'an order does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'parking_order_state_goes_on';
    END IF;
    IF (NEW.fee, NEW.currency, NEW.member_id, NEW.unit_id, NEW.until_at, NEW.placed_at, NEW.local_day)
       IS DISTINCT FROM
       (OLD.fee, OLD.currency, OLD.member_id, OLD.unit_id, OLD.until_at, OLD.placed_at, OLD.local_day) THEN
        RAISE EXCEPTION 'what was ordered stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION parking_order_goes_on() FROM PUBLIC;
CREATE TRIGGER parking_order_state_goes_on BEFORE UPDATE ON parking_parkingorder
    FOR EACH ROW EXECUTE FUNCTION parking_order_goes_on();

CREATE FUNCTION parking_payment_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A provider may say that it failed and find the money later.
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('asked', 'succeeded'), ('asked', 'failed'), ('asked', 'refund_due'), ('failed', 'succeeded'),
        ('failed', 'refund_due'), ('succeeded', 'refund_due'), ('refund_due', 'refunded')
    ) THEN
        RAISE EXCEPTION 'a payment does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_state_goes_on';
    END IF;
    IF (NEW.amount, NEW.currency, NEW.order_id, NEW.provider)
       IS DISTINCT FROM (OLD.amount, OLD.currency, OLD.order_id, OLD.provider) THEN
        RAISE EXCEPTION 'what was asked for stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION parking_payment_goes_on() FROM PUBLIC;
CREATE TRIGGER payment_state_goes_on BEFORE UPDATE ON parking_payment
    FOR EACH ROW EXECUTE FUNCTION parking_payment_goes_on();

REVOKE DELETE, TRUNCATE, REFERENCES, TRIGGER ON parking_parkingorder, parking_payment, parking_receiptuse,
    parking_pointspaid FROM loyalty_app;
GRANT SELECT, INSERT, UPDATE ON parking_parkingorder, parking_payment, parking_receiptuse TO loyalty_app;
GRANT SELECT, INSERT ON parking_pointspaid TO loyalty_app;
