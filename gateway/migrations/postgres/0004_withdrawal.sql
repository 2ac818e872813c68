-- What was withdrawn before its time: sessions, clients, cards, patients, consents, keys. One numbered table that every
-- node reads on from where it stopped; numbers become visible in the order of their commits.
-- Times are microseconds since 1970 UTC. No column holds the number of a card or of a person.
-- The table ended_session is no longer used; it goes with a later step.

CREATE TABLE withdrawal (
    number        BIGINT PRIMARY KEY,
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,   -- session id, client id, keyed card name, subject, kid
    reason        TEXT NOT NULL,
    status_list   BIGINT,          -- of a session: its place in the published status lists
    status_index  BIGINT,
    issued_before BIGINT NOT NULL, -- what was issued later is not meant
    recorded_at   BIGINT NOT NULL, -- by the clock of the database: what the delay is measured from
    expires_at    BIGINT NOT NULL  -- afterwards every token that is meant is refused by its own date
);
INSERT INTO registry_change (what, version) VALUES ('withdrawal', 0);

-- The counter's row stays locked until the commit; the moment is that of the number, not of the wait before it.
CREATE FUNCTION withdrawal_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE registry_change SET version = version + 1 WHERE what = 'withdrawal' RETURNING version INTO NEW.number;
    NEW.recorded_at := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    RETURN NEW;
END $$;

CREATE TRIGGER withdrawal_numbered BEFORE INSERT ON withdrawal
    FOR EACH ROW EXECUTE FUNCTION withdrawal_number();

-- Places in status lists: which is next for all nodes, and when each list was begun.
CREATE TABLE status_place (
    one  BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    next BIGINT NOT NULL
) WITH (fillfactor = 20);
INSERT INTO status_place (next) VALUES (0);

CREATE TABLE status_list (
    number   BIGINT PRIMARY KEY,
    begun_at BIGINT NOT NULL
);

-- Which sessions of this client, card or patient were opened lately? Only those events are in the index. A quotation
-- mark within a value is escaped, so these words are found in their own place alone.
CREATE INDEX session_opened ON audit_event (at) WHERE strpos(event, '"kind":"session-opened"') > 0;
