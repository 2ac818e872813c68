-- The import that is being taken over, or was the last. An import fills tables beside the registry's and exchanges
-- their names; gateways of the version before do not notice.
CREATE TABLE registry_import (
    id       TEXT PRIMARY KEY,
    in_force BOOLEAN NOT NULL,
    sealed   BIGINT NOT NULL DEFAULT 0  -- lines of all imports so far: how often the sealing keys were used at most
);
