-- Which programs may work on this schema: those whose newest step is at least this one. A step that takes something
-- away raises it; older gateways then refuse to start, and say so.
CREATE TABLE schema_serves (
    one           BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    programs_from BIGINT NOT NULL
);
INSERT INTO schema_serves (programs_from) VALUES (3);

-- The first event of each batch carries the batch's id: a batch whose answer was lost is stored once.
ALTER TABLE audit_event ADD COLUMN batch UUID;
CREATE UNIQUE INDEX audit_event_batch ON audit_event (batch) WHERE batch IS NOT NULL;

-- The one way into the log. Runs as the owner of the schema: the gateways' role needs no INSERT, and can leave no gap.
-- Each statement in it sees what was committed before it began, so after the wait for the row it sees a batch that
-- another connection stored meanwhile.
CREATE FUNCTION audit_append(batch_id UUID, ats BIGINT[], events TEXT[]) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first  BIGINT;
    stored BIGINT;
BEGIN
    SELECT next INTO STRICT first FROM audit_head FOR UPDATE;
    SELECT position INTO stored FROM audit_event WHERE batch = batch_id;
    IF FOUND THEN
        RETURN stored;
    END IF;
    INSERT INTO audit_event (position, at, event, batch)
        SELECT first + place - 1, at, event, CASE place WHEN 1 THEN batch_id END
        FROM unnest(ats, events) WITH ORDINALITY AS given (at, event, place);
    UPDATE audit_head SET next = first + cardinality(events);
    RETURN first;
END $$;
REVOKE ALL ON FUNCTION audit_append(UUID, BIGINT[], TEXT[]) FROM PUBLIC;
