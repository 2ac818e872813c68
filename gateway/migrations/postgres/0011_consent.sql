-- What did the patient agree to, and where were they lately? Pseudonyms and codes: free text, names and attachments of a
-- FHIR Consent are not kept.
-- Times are microseconds since 1970 UTC.

CREATE TABLE consent (
    id            TEXT PRIMARY KEY,
    subject       TEXT NOT NULL,     -- of the patient, at the gateway itself
    given_at      BIGINT NOT NULL,
    establishment TEXT NOT NULL,     -- where it was given
    session       TEXT NOT NULL,     -- the presence that proves it
    holder        BIGINT NOT NULL,   -- 1: the PIN was given too
    guardian      TEXT,              -- who spoke for the patient, by the same kind of pseudonym
    relationship  TEXT,              -- what the patient was to them
    ends_at       BIGINT,            -- the end of its period; NULL: has none
    withdrawn_at  BIGINT,
    withdrawn_by  TEXT,              -- the establishment at whose counter
    provision     TEXT NOT NULL      -- its rules, JSON
);
CREATE INDEX consent_of_subject ON consent (subject);

-- Whose consents changed: what every node reads on from where it stopped. Numbers become visible in the order of their
-- commits: the counter's row stays locked until then.
CREATE TABLE consent_change (
    number      BIGINT PRIMARY KEY,
    subject     TEXT NOT NULL,
    recorded_at BIGINT NOT NULL      -- by the clock of the database
);
INSERT INTO registry_change (what, version) VALUES ('consent', 0);

CREATE FUNCTION consent_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    next BIGINT;
BEGIN
    UPDATE registry_change SET version = version + 1 WHERE what = 'consent' RETURNING version INTO next;
    INSERT INTO consent_change (number, subject, recorded_at)
        VALUES (next, NEW.subject, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
    RETURN NULL;
END $$;

CREATE TRIGGER consent_changed AFTER INSERT OR UPDATE ON consent
    FOR EACH ROW EXECUTE FUNCTION consent_changed();

-- Where a patient was in person, and when last (lien thérapeutique).
CREATE TABLE therapeutic_link (
    subject       TEXT NOT NULL,
    establishment TEXT NOT NULL,
    seen_at       BIGINT NOT NULL,
    PRIMARY KEY (subject, establishment)
);
