-- Invariant: a car park belongs to the unit that runs its venue.
ALTER TABLE parking_carpark
    ADD CONSTRAINT car_park_unit_is_that_of_its_venue
    FOREIGN KEY (venue_id, unit_id) REFERENCES units_venue (id, unit_id) DEFERRABLE INITIALLY DEFERRED;
