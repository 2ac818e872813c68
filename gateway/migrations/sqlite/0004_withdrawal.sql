-- What was withdrawn before its time: sessions, clients, cards, patients, consents, keys. One numbered table that every
-- node reads on from where it stopped; numbers are seen in the order of their commits.
-- Times are microseconds since 1970 UTC. No column holds the number of a card or of a person.

CREATE TABLE withdrawal (
    number        INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice, also after the newest row was swept
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,                     -- session id, client id, keyed card name, subject, kid
    reason        TEXT NOT NULL,
    status_list   INTEGER,                           -- of a session: its place in the published status lists
    status_index  INTEGER,
    issued_before INTEGER NOT NULL,                  -- what was issued later is not meant
    recorded_at   INTEGER NOT NULL,                  -- by the clock of the database: what the delay is measured from
    expires_at    INTEGER NOT NULL                   -- afterwards every token that is meant is refused by its own date
) STRICT;

INSERT INTO withdrawal (kind, name, reason, issued_before, recorded_at, expires_at)
    SELECT 'session', id, 'session-ended', expires_at, expires_at - 900000000, expires_at
    FROM ended_session ORDER BY number;
DROP TABLE ended_session;

-- Places in status lists: which is next for all nodes, and when each list was begun.
CREATE TABLE status_place (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    next INTEGER NOT NULL
) STRICT;
INSERT INTO status_place (one, next) VALUES (1, 0);

CREATE TABLE status_list (
    number   INTEGER PRIMARY KEY,
    begun_at INTEGER NOT NULL
) STRICT;

-- Which sessions of this client, card or patient were opened lately? Only those events are in the index. A quotation
-- mark within a value is escaped, so these words are found in their own place alone.
CREATE INDEX session_opened ON audit_event (at) WHERE instr(event, '"kind":"session-opened"') > 0;
