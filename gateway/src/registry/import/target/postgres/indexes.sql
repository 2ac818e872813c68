-- Everything that the tables of the schema have, over all rows at once.
ALTER TABLE guardianship_next DROP CONSTRAINT IF EXISTS guardianship_next_pkey,
    DROP CONSTRAINT IF EXISTS guardianship_next_guardian_fkey, DROP CONSTRAINT IF EXISTS guardianship_next_dependant_fkey;
ALTER TABLE patient_next DROP CONSTRAINT IF EXISTS patient_next_pkey,
    DROP CONSTRAINT IF EXISTS patient_next_subject_key, DROP CONSTRAINT IF EXISTS patient_next_national_number_index_key;
ALTER TABLE patient_next ADD CONSTRAINT patient_next_pkey PRIMARY KEY (id),
    ADD CONSTRAINT patient_next_subject_key UNIQUE (subject),
    ADD CONSTRAINT patient_next_national_number_index_key UNIQUE (national_number_index);
TRUNCATE guardianship_next;
INSERT INTO guardianship_next SELECT g.id, d.id, relationship FROM import_link
    JOIN patient_next g ON g.subject = guardian JOIN patient_next d ON d.subject = dependant;
ALTER TABLE guardianship_next ADD CONSTRAINT guardianship_next_pkey PRIMARY KEY (guardian, dependant),
    ADD CONSTRAINT guardianship_next_guardian_fkey FOREIGN KEY (guardian) REFERENCES patient_next (id),
    ADD CONSTRAINT guardianship_next_dependant_fkey FOREIGN KEY (dependant) REFERENCES patient_next (id);
ANALYZE patient_next;
ANALYZE guardianship_next;
