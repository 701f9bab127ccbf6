-- Invariant: an outlet belongs to the unit that runs its venue.
ALTER TABLE units_outlet
    ADD CONSTRAINT outlet_unit_is_that_of_its_venue
    FOREIGN KEY (venue_id, unit_id) REFERENCES units_venue (id, unit_id) DEFERRABLE INITIALLY DEFERRED;
