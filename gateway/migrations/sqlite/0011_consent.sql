-- What did the patient agree to, and where were they lately? Pseudonyms and codes: free text, names and attachments of a
-- FHIR Consent are not kept.
-- Times are microseconds since 1970 UTC.

CREATE TABLE consent (
    id            TEXT PRIMARY KEY,
    subject       TEXT NOT NULL,      -- of the patient, at the gateway itself
    given_at      INTEGER NOT NULL,
    establishment TEXT NOT NULL,      -- where it was given
    session       TEXT NOT NULL,      -- the presence that proves it
    holder        INTEGER NOT NULL,   -- 1: the PIN was given too
    guardian      TEXT,               -- who spoke for the patient, by the same kind of pseudonym
    relationship  TEXT,               -- what the patient was to them
    ends_at       INTEGER,            -- the end of its period; NULL: has none
    withdrawn_at  INTEGER,
    withdrawn_by  TEXT,               -- the establishment at whose counter
    provision     TEXT NOT NULL       -- its rules, JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_of_subject ON consent (subject);

-- Whose consents changed: what every node reads on from where it stopped. Numbers are seen in the order of their commits.
CREATE TABLE consent_change (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    subject     TEXT NOT NULL,
    recorded_at INTEGER NOT NULL      -- by the clock of the database
) STRICT;
CREATE TRIGGER consent_given AFTER INSERT ON consent BEGIN
    INSERT INTO consent_change (subject, recorded_at) VALUES (new.subject, CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER consent_changed AFTER UPDATE ON consent BEGIN
    INSERT INTO consent_change (subject, recorded_at) VALUES (new.subject, CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;

-- Where a patient was in person, and when last (lien thérapeutique).
CREATE TABLE therapeutic_link (
    subject       TEXT NOT NULL,
    establishment TEXT NOT NULL,
    seen_at       INTEGER NOT NULL,
    PRIMARY KEY (subject, establishment)
) STRICT, WITHOUT ROWID;
