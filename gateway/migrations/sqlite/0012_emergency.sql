-- Who broke the glass, why, who answered for it, what the patient was told; and who was sent on to whom.
-- The words and every signed statement are sealed for the gateway, bound to their access: nothing of them is legible here.
-- Times are microseconds since 1970 UTC.
CREATE TABLE emergency_access (
    id            TEXT PRIMARY KEY,
    session       TEXT NOT NULL,       -- sid of the session that was opened
    subject       TEXT,                -- NULL: nobody enrolled has the number that was named; no session was opened
    establishment TEXT NOT NULL,
    identified    TEXT NOT NULL,       -- card, two-practitioners
    reason        TEXT NOT NULL,
    words         BLOB NOT NULL,       -- sealed
    opened_at     INTEGER NOT NULL,
    review_due    INTEGER NOT NULL,
    escalated_at  INTEGER,             -- NULL: its review was not overdue yet
    outcome       TEXT,                -- NULL: waits for review
    reviewer      TEXT,
    reviewed_at   INTEGER,
    review        BLOB                 -- the reviewer's signed statement, sealed
) STRICT;
CREATE INDEX emergency_access_establishment ON emergency_access (establishment, opened_at);
CREATE INDEX emergency_access_waiting ON emergency_access (review_due) WHERE outcome IS NULL;

-- A statement serves once.
CREATE TABLE emergency_practitioner (
    practitioner TEXT NOT NULL,
    statement    TEXT NOT NULL,        -- jti
    access       TEXT NOT NULL,
    signed       BLOB NOT NULL,        -- the statement, sealed
    at           INTEGER NOT NULL,
    PRIMARY KEY (practitioner, statement)
) STRICT, WITHOUT ROWID;
CREATE INDEX emergency_practitioner_when ON emergency_practitioner (practitioner, at);
CREATE INDEX emergency_practitioner_access ON emergency_practitioner (access);

-- Whose quota is being counted: one at a time.
CREATE TABLE emergency_turn (
    name    TEXT PRIMARY KEY,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
    id            TEXT PRIMARY KEY,
    subject       TEXT NOT NULL,
    kind          TEXT NOT NULL,       -- emergency-access
    about         TEXT NOT NULL,       -- the emergency access
    establishment TEXT NOT NULL,
    practitioners TEXT NOT NULL,       -- separated by spaces
    reason        TEXT NOT NULL,
    outcome       TEXT,                -- of the review
    at            INTEGER NOT NULL,
    read_at       INTEGER,             -- NULL: the patient was not told yet
    read_where    TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_subject ON notice (subject, at);
CREATE INDEX notice_unread ON notice (subject) WHERE read_at IS NULL;
CREATE INDEX notice_about ON notice (about);

CREATE TABLE referral (
    id          TEXT PRIMARY KEY,
    subject     TEXT NOT NULL,
    from_client TEXT NOT NULL,
    from_level  TEXT NOT NULL,
    to_level    TEXT NOT NULL,
    to_client   TEXT,                  -- NULL: anyone of that level
    written_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX referral_subject ON referral (subject, expires_at);
