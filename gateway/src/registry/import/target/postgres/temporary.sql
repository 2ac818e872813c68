-- What is joined before it is in the registry; gone with the connection.
DROP TABLE IF EXISTS pg_temp.import_patient, pg_temp.import_cover, pg_temp.import_link;
CREATE TEMPORARY TABLE import_patient (
    subject TEXT, national_number_index BYTEA, health_id BYTEA, birth_year BIGINT,
    coverage_scheme TEXT, coverage_open_until TEXT
);
CREATE TEMPORARY TABLE import_cover (subject TEXT, scheme TEXT, open_until TEXT);
CREATE TEMPORARY TABLE import_link (guardian TEXT, dependant TEXT, relationship TEXT);
