-- Keys that only one node has, told to the others: each is believed for its certificate, never for standing here.
CREATE TABLE announced_key (
    leaf         TEXT PRIMARY KEY,    -- SHA-256 of its certificate, hex
    role         TEXT NOT NULL,
    signs_from   INTEGER NOT NULL,    -- microseconds since 1970 UTC
    announced_at INTEGER NOT NULL,    -- the last time; who stops announcing is forgotten an hour later
    certificates TEXT NOT NULL        -- its own, then the module key's: base64 of DER, a space between
) STRICT, WITHOUT ROWID;
