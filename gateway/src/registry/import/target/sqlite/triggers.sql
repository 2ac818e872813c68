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
