-- A registry of fifty million: every table in the order of the one key it is asked by, filled in that order by an
-- import. So no index has to be built over all of them while counters wait for the one writer, and a look-up reads
-- one leaf. The number of the CNIE is an index by hand: triggers keep it.

CREATE TABLE patient_next (
    subject               BLOB PRIMARY KEY NOT NULL,  -- pairwise pseudonym at the gateway itself: 16 octets
    national_number_index BLOB,                       -- NULL: a dependant who has no card
    health_id             BLOB NOT NULL,              -- sealed, bound to subject
    birth_year            INTEGER,
    coverage_scheme       TEXT NOT NULL,
    coverage_open_until   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE holder (
    number  BLOB PRIMARY KEY NOT NULL,                -- keyed hash of the number of the CNIE
    subject BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE guardianship_next (
    guardian     BLOB NOT NULL,
    dependant    BLOB NOT NULL,
    relationship TEXT NOT NULL,
    PRIMARY KEY (guardian, dependant)
) STRICT, WITHOUT ROWID;

INSERT INTO patient_next SELECT unhex(subject), national_number_index, health_id, birth_year, coverage_scheme, coverage_open_until FROM patient ORDER BY unhex(subject);
INSERT INTO holder SELECT national_number_index, unhex(subject) FROM patient WHERE national_number_index IS NOT NULL ORDER BY national_number_index;
INSERT INTO guardianship_next SELECT unhex(g.subject), unhex(d.subject), relationship FROM guardianship JOIN patient g ON g.id = guardian JOIN patient d ON d.id = dependant;
DROP TABLE guardianship;
DROP TABLE patient;
ALTER TABLE patient_next RENAME TO patient;
ALTER TABLE guardianship_next RENAME TO guardianship;

-- The import that is being taken over, or was the last.
CREATE TABLE registry_import (
    id       TEXT PRIMARY KEY,
    in_force INTEGER NOT NULL,
    base     INTEGER NOT NULL DEFAULT 0, -- registry_change of patients when its tables were begun
    sealed   INTEGER NOT NULL DEFAULT 0  -- lines of all imports so far: how often the sealing keys were used at most
) STRICT, WITHOUT ROWID;

CREATE TRIGGER patient_added AFTER INSERT ON patient BEGIN
    UPDATE registry_change SET version = version + 1 WHERE what = 'patient';
    INSERT INTO holder SELECT new.national_number_index, new.subject WHERE new.national_number_index IS NOT NULL;
END;
CREATE TRIGGER patient_changed AFTER UPDATE ON patient BEGIN
    UPDATE registry_change SET version = version + 1 WHERE what = 'patient';
    DELETE FROM holder WHERE number = old.national_number_index;
    INSERT INTO holder SELECT new.national_number_index, new.subject WHERE new.national_number_index IS NOT NULL;
END;
CREATE TRIGGER patient_removed AFTER DELETE ON patient BEGIN
    UPDATE registry_change SET version = version + 1 WHERE what = 'patient';
    DELETE FROM holder WHERE number = old.national_number_index;
END;
