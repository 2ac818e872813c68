-- How much did each establishment do on each day? Every run of a gateway has a row of its own, so that what is written
-- twice counts once; who reads adds them up.
CREATE TABLE establishment_day (
    client              TEXT NOT NULL,
    day                 TEXT NOT NULL,               -- YYYY-MM-DD in Morocco
    run                 TEXT NOT NULL,               -- the run of a gateway that counted
    presences           BIGINT NOT NULL DEFAULT 0,  -- cards whose files were believed
    sessions            BIGINT NOT NULL DEFAULT 0,  -- sessions that a chip opened
    claims              BIGINT NOT NULL DEFAULT 0,  -- claims that were sent, accepted or not
    claims_with_receipt BIGINT NOT NULL DEFAULT 0,  -- those of them whose receipt was sound
    manual              BIGINT NOT NULL DEFAULT 0,  -- accesses without any card
    break_glass         BIGINT NOT NULL DEFAULT 0,  -- emergency accesses, with a card or without
    PRIMARY KEY (day, client, run)
);

-- Which presences were billed? One row each, taken before the claim is sent and given back only if it was refused.
CREATE TABLE billed_presence (
    presence      TEXT PRIMARY KEY,
    establishment TEXT NOT NULL,
    fse           TEXT UNIQUE,       -- number of the electronic care sheet (feuille de soins électronique)
    attempt       TEXT NOT NULL,     -- the request that holds the row
    taken_at      BIGINT NOT NULL,  -- microseconds since 1970 UTC
    held_until    BIGINT NOT NULL,  -- before that the claim is on its way
    doubtful      BOOLEAN NOT NULL DEFAULT false, -- the back-end may have it from an attempt whose answer was lost
    accepted_at   BIGINT            -- NULL: the back-end did not say that it has it
);
