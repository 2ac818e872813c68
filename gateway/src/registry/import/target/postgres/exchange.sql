-- The moment in which the registry becomes another.
LOCK TABLE patient, guardianship IN ACCESS EXCLUSIVE MODE;
DROP TABLE guardianship;
DROP TABLE patient;
ALTER TABLE patient_next RENAME TO patient;
ALTER TABLE patient RENAME CONSTRAINT patient_next_pkey TO patient_pkey;
ALTER TABLE patient RENAME CONSTRAINT patient_next_subject_key TO patient_subject_key;
ALTER TABLE patient RENAME CONSTRAINT patient_next_national_number_index_key TO patient_national_number_index_key;
ALTER SEQUENCE patient_next_id_seq RENAME TO patient_id_seq;
ALTER TABLE guardianship_next RENAME TO guardianship;
ALTER TABLE guardianship RENAME CONSTRAINT guardianship_next_pkey TO guardianship_pkey;
ALTER TABLE guardianship RENAME CONSTRAINT guardianship_next_guardian_fkey TO guardianship_guardian_fkey;
ALTER TABLE guardianship RENAME CONSTRAINT guardianship_next_dependant_fkey TO guardianship_dependant_fkey;
CREATE TRIGGER patient_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON patient
    FOR EACH STATEMENT EXECUTE FUNCTION registry_changed('patient');
