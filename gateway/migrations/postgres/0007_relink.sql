-- Which pseudonyms are to be led back to a patient, asked by one operator and approved by another?
-- Each statement is signed by its operator and sealed for the gateway, bound to its request: nothing is legible here.
CREATE TABLE relink_request (
    id         TEXT PRIMARY KEY,
    request    BYTEA NOT NULL,
    approval   BYTEA,              -- NULL: nobody approved yet
    opening    BYTEA,              -- NULL: not opened yet; opened once
    expires_at BIGINT NOT NULL     -- microseconds since 1970 UTC
);
