-- What looked wrong, what became of it, and what each signal was worth. Cards, stations and establishments by the names
-- that the gateway gives them; notes sealed. Times are microseconds since 1970 UTC.
CREATE TABLE fraud_case (
    id          TEXT PRIMARY KEY,
    about       TEXT NOT NULL,                -- card, station, establishment
    name        TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'open', -- open, under-review, closed
    label       TEXT,                         -- NULL: not judged; fraud, honest, unclear
    labelled_by TEXT,
    score       INTEGER NOT NULL,             -- the highest so far
    quarantined INTEGER NOT NULL DEFAULT 0,   -- 1: this card needs its PIN for everything
    opened_at   INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,             -- the last hit
    ruled_at    INTEGER NOT NULL              -- the last change that gateways must hear of
) STRICT;
-- One case at a time about one thing.
CREATE UNIQUE INDEX fraud_case_running ON fraud_case (about, name) WHERE state <> 'closed';
CREATE INDEX fraud_case_ruled ON fraud_case (ruled_at);
CREATE INDEX fraud_case_seen ON fraud_case (seen_at);
CREATE INDEX fraud_case_quarantine ON fraud_case (name) WHERE quarantined = 1;

-- What a signal said.
CREATE TABLE fraud_hit (
    id            TEXT PRIMARY KEY,
    case_id       TEXT NOT NULL REFERENCES fraud_case (id),
    signal        TEXT NOT NULL,
    weight        INTEGER NOT NULL,
    counted       INTEGER NOT NULL,          -- 0: the signal was on trial
    establishment TEXT,
    station       TEXT,
    presence      TEXT,
    why           TEXT NOT NULL,             -- figures, never a person
    at            INTEGER NOT NULL
) STRICT;
CREATE INDEX fraud_hit_of_case ON fraud_hit (case_id, signal, at);

CREATE TABLE fraud_note (
    id      TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES fraud_case (id),
    at      INTEGER NOT NULL,
    sealed  BLOB NOT NULL                    -- author and words, sealed for this note of this case
) STRICT;
CREATE INDEX fraud_note_of_case ON fraud_note (case_id, at);

-- Signals that an operator put on trial, switched off or on again. A signal without a row is as it was shipped.
CREATE TABLE fraud_signal (
    signal   TEXT PRIMARY KEY,
    standing TEXT NOT NULL,                  -- counts, on-trial, off
    ruled_at INTEGER NOT NULL
) STRICT;
