-- Who changes their number lets go of the old one first: two may have exchanged theirs.
UPDATE patient SET national_number_index = NULL WHERE national_number_index IS NOT NULL AND EXISTS
    (SELECT 1 FROM staging.ready r WHERE r.subject = patient.subject AND r.number IS NOT patient.national_number_index)
    AND subject IN (SELECT subject FROM staging.ready);
INSERT INTO patient SELECT r.subject, r.number, r.health_id, r.birth_year,
    coalesce(r.scheme, b.scheme), coalesce(r.open_until, b.open_until)
    FROM staging.ready r LEFT JOIN staging.best b ON b.subject = r.subject WHERE true
    ON CONFLICT (subject) DO UPDATE SET national_number_index = excluded.national_number_index,
    birth_year = excluded.birth_year, coverage_scheme = excluded.coverage_scheme,
    coverage_open_until = excluded.coverage_open_until;
-- Covers of patients who are not in the files.
UPDATE patient SET coverage_scheme = b.scheme, coverage_open_until = b.open_until FROM staging.best b
    WHERE b.subject = patient.subject AND NOT EXISTS (SELECT 1 FROM staging.ready r WHERE r.subject = b.subject);
INSERT OR REPLACE INTO guardianship SELECT guardian, dependant, relationship FROM staging.guardianship;
