-- Who changes their number lets go of the old one first: two may have exchanged theirs.
UPDATE patient p SET national_number_index = NULL FROM import_patient i WHERE i.subject = p.subject
    AND p.national_number_index IS DISTINCT FROM i.national_number_index AND p.national_number_index IS NOT NULL;
INSERT INTO patient (national_number_index, subject, health_id, birth_year, coverage_scheme, coverage_open_until)
    SELECT national_number_index, subject, health_id, birth_year, coverage_scheme, coverage_open_until
    FROM import_patient ON CONFLICT (subject) DO UPDATE SET national_number_index = excluded.national_number_index,
    birth_year = excluded.birth_year, coverage_scheme = excluded.coverage_scheme,
    coverage_open_until = excluded.coverage_open_until;
-- Covers of patients who are not in the files.
UPDATE patient p SET coverage_scheme = scheme, coverage_open_until = open_until FROM import_cover c
    WHERE c.subject = p.subject;
INSERT INTO guardianship SELECT g.id, d.id, relationship FROM import_link
    JOIN patient g ON g.subject = guardian JOIN patient d ON d.subject = dependant
    ON CONFLICT (guardian, dependant) DO UPDATE SET relationship = excluded.relationship;
