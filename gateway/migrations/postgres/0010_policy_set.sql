-- Every set of policies that was ever in force here, by its hash: what a decision of that day rested on can be read, and
-- asked again. Never changed.
CREATE TABLE policy_set (
    hash     TEXT PRIMARY KEY,           -- SHA-256 of names and texts, hex: as in decisions, events and tokens
    files    TEXT NOT NULL,              -- JSON: name and text of each
    first_at BIGINT NOT NULL            -- microseconds since 1970 UTC
);

-- Signed bundles that were taken. The newest is the one to follow; an older one is not taken again.
CREATE TABLE policy_bundle (
    version  BIGINT PRIMARY KEY,
    hash     TEXT NOT NULL,              -- of its set
    bundle   TEXT NOT NULL,              -- as it was signed: every node verifies it again
    taken_at BIGINT NOT NULL
);
