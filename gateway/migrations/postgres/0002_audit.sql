-- What happened, in order. Rows are only ever appended; the trigger refuses the rest.
CREATE TABLE audit_event (
    position BIGINT PRIMARY KEY,  -- 0, 1, 2 … without gaps
    at       BIGINT NOT NULL,     -- microseconds since 1970 UTC
    event    TEXT NOT NULL        -- JSON, octet for octet as it was recorded
);

CREATE INDEX audit_event_at ON audit_event (at);

CREATE FUNCTION audit_event_is_not_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are neither edited nor removed';
END $$;

CREATE TRIGGER audit_event_is_not_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_not_edited();

-- Where the log continues. Whoever appends locks this row until the commit: several gateways write one log, one after
-- the other, and no position is given out before it is taken.
CREATE TABLE audit_head (
    one  BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    next BIGINT NOT NULL
) WITH (fillfactor = 20);
INSERT INTO audit_head (next) VALUES (0);
