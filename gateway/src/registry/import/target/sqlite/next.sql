-- The new registry, beside the one in force: the tables of the schema without their triggers.
DELETE FROM registry_import WHERE in_force = 0;
CREATE TABLE patient_next (
    subject               BLOB PRIMARY KEY NOT NULL,
    national_number_index BLOB,
    health_id             BLOB NOT NULL,
    birth_year            INTEGER,
    coverage_scheme       TEXT NOT NULL,
    coverage_open_until   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE holder_next (
    number  BLOB PRIMARY KEY NOT NULL,
    subject BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE guardianship_next (
    guardian     BLOB NOT NULL,
    dependant    BLOB NOT NULL,
    relationship TEXT NOT NULL,
    PRIMARY KEY (guardian, dependant)
) STRICT, WITHOUT ROWID;
