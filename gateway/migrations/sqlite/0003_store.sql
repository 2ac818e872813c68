-- The first event of each batch carries the batch's id: a batch whose answer was lost is stored once.
ALTER TABLE audit_event ADD COLUMN batch TEXT;
CREATE UNIQUE INDEX audit_event_batch ON audit_event (batch) WHERE batch IS NOT NULL;
