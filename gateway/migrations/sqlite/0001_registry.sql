-- Who is this? Patients, their cards' reports, registered clients, ended sessions.
-- No column holds a national number, a document number or an identifiant santé in clear:
-- indexes are keyed hashes (role registry-index), the identifiant santé is sealed (role registry-sealing).
-- Times are microseconds since 1970 UTC; dates are ISO 8601.

CREATE TABLE patient (
    id                    INTEGER PRIMARY KEY,
    national_number_index BLOB UNIQUE,            -- NULL: a dependant who has no card
    subject               TEXT NOT NULL UNIQUE,   -- pairwise pseudonym at the gateway itself
    health_id             BLOB NOT NULL,          -- sealed, bound to subject
    birth_year            INTEGER,
    coverage_scheme       TEXT NOT NULL,
    coverage_open_until   TEXT NOT NULL
) STRICT;

CREATE TABLE guardianship (
    guardian     INTEGER NOT NULL REFERENCES patient (id),
    dependant    INTEGER NOT NULL REFERENCES patient (id),
    relationship TEXT NOT NULL,
    PRIMARY KEY (guardian, dependant)
) STRICT, WITHOUT ROWID;

CREATE TABLE card_report (
    document_number_index BLOB PRIMARY KEY,
    reason                TEXT NOT NULL,
    reported_at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE client (
    id     TEXT PRIMARY KEY,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    city   TEXT NOT NULL,
    active INTEGER NOT NULL,
    scopes TEXT NOT NULL                          -- separated by spaces, RFC 6749 section 3.3
) STRICT, WITHOUT ROWID;

CREATE TABLE ended_session (
    number     INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of their end: what a process has not read yet
    id         TEXT NOT NULL UNIQUE,              -- jti of the session token
    expires_at INTEGER NOT NULL                   -- afterwards the token is refused by its own date
) STRICT;

-- What changed since a snapshot was taken: one number per table that is kept in memory whole.
CREATE TABLE registry_change (
    what    TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO registry_change (what, version) VALUES ('client', 0), ('patient', 0);

CREATE TRIGGER client_added AFTER INSERT ON client BEGIN UPDATE registry_change SET version = version + 1 WHERE what = 'client'; END;
CREATE TRIGGER client_changed AFTER UPDATE ON client BEGIN UPDATE registry_change SET version = version + 1 WHERE what = 'client'; END;
CREATE TRIGGER client_removed AFTER DELETE ON client BEGIN UPDATE registry_change SET version = version + 1 WHERE what = 'client'; END;
CREATE TRIGGER patient_added AFTER INSERT ON patient BEGIN UPDATE registry_change SET version = version + 1 WHERE what = 'patient'; END;
CREATE TRIGGER patient_changed AFTER UPDATE ON patient BEGIN UPDATE registry_change SET version = version + 1 WHERE what = 'patient'; END;
CREATE TRIGGER patient_removed AFTER DELETE ON patient BEGIN UPDATE registry_change SET version = version + 1 WHERE what = 'patient'; END;
