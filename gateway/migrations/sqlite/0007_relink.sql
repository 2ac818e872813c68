-- Which pseudonyms are to be led back to a patient, asked by one operator and approved by another?
-- Each statement is signed by its operator and sealed for the gateway, bound to its request: nothing is legible here.
CREATE TABLE relink_request (
    id         TEXT PRIMARY KEY,
    request    BLOB NOT NULL,
    approval   BLOB,               -- NULL: nobody approved yet
    opening    BLOB,               -- NULL: not opened yet; opened once
    expires_at INTEGER NOT NULL    -- microseconds since 1970 UTC
) STRICT;
