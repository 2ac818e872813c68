-- One import on its way. Lines are numbered through all files: number of the file, 40 bits of the line in it.
-- Nobody's number stands here: subjects are pseudonyms, numbers keyed hashes, identifiers sealed.

CREATE TABLE import (
    id       TEXT NOT NULL,
    mode     TEXT NOT NULL,
    phase    INTEGER NOT NULL DEFAULT 0,  -- 0: reading; then the last step that is done
    lines    INTEGER NOT NULL DEFAULT 0,
    left_out INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE file (
    number      INTEGER PRIMARY KEY,
    path        TEXT NOT NULL,
    size        INTEGER NOT NULL,            -- -1: standard input
    modified    INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    offset      INTEGER NOT NULL DEFAULT 0,
    lines       INTEGER NOT NULL DEFAULT 0,
    done        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE reason (code TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE bad (id INTEGER NOT NULL, code TEXT NOT NULL) STRICT;

CREATE TABLE patient (
    id          INTEGER PRIMARY KEY,
    subject     BLOB NOT NULL,
    name        BLOB,                        -- keyed hash of Patient.id
    number      BLOB,                        -- keyed hash of the CNIE number
    health_id   BLOB NOT NULL,
    birth_year  INTEGER,
    scheme      TEXT,
    open_until  TEXT
) STRICT;

CREATE TABLE coverage (
    id         INTEGER PRIMARY KEY,
    subject    BLOB,                         -- whose: by subject …
    name       BLOB,                         -- … or by keyed hash of Patient.id
    scheme     TEXT NOT NULL,
    open_until TEXT NOT NULL
) STRICT;

CREATE TABLE guardian (
    id           INTEGER NOT NULL,
    dependant    BLOB NOT NULL,
    subject      BLOB,
    name         BLOB,
    relationship TEXT NOT NULL
) STRICT;
