-- What happened, in order. Rows are only ever appended; the triggers refuse the rest.
CREATE TABLE audit_event (
    position INTEGER PRIMARY KEY,  -- 0, 1, 2 … without gaps
    at       INTEGER NOT NULL,     -- microseconds since 1970 UTC
    event    TEXT NOT NULL         -- JSON
) STRICT;

CREATE INDEX audit_event_at ON audit_event (at);

CREATE TRIGGER audit_event_is_not_edited BEFORE UPDATE ON audit_event BEGIN SELECT raise(ABORT, 'audit events are not edited'); END;
CREATE TRIGGER audit_event_is_not_removed BEFORE DELETE ON audit_event BEGIN SELECT raise(ABORT, 'audit events are not removed'); END;
