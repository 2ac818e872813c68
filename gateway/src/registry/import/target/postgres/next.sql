-- The new registry, beside the one in force: without indexes until its rows are there.
DROP TABLE IF EXISTS guardianship_next;
DROP TABLE IF EXISTS patient_next;
DELETE FROM registry_import WHERE NOT in_force;
CREATE TABLE patient_next (LIKE patient INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING STORAGE);
CREATE TABLE guardianship_next (LIKE guardianship INCLUDING DEFAULTS);
-- Whoever may use the tables in force may use those that follow them.
DO $$
DECLARE
    given RECORD;
BEGIN
    FOR given IN SELECT relname, relkind, privilege_type, rolname FROM pg_class, aclexplode(relacl) acl
        JOIN pg_roles ON pg_roles.oid = acl.grantee
        WHERE pg_class.oid IN ('patient'::regclass, 'guardianship'::regclass,
            pg_get_serial_sequence('patient', 'id')::regclass) AND acl.grantee <> relowner LOOP
        IF given.relkind = 'S' THEN
            EXECUTE format('GRANT %s ON SEQUENCE patient_next_id_seq TO %I', given.privilege_type, given.rolname);
        ELSE
            EXECUTE format('GRANT %s ON %I TO %I', given.privilege_type, given.relname || '_next', given.rolname);
        END IF;
    END LOOP;
END $$;
