-- Invariant: what ties an order to the posting of its points is written once and never changed by the app.
REVOKE UPDATE, DELETE, TRUNCATE ON parking_pointspaid FROM loyalty_app;
