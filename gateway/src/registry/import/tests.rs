use super::{Format, MaxBad};

#[test]
fn an_import_makes_the_triggers_of_the_schema() {
    let schema = include_str!("../../../migrations/sqlite/0006_national_size.sql");
    let import = include_str!("target/sqlite/triggers.sql");
    assert!(schema.ends_with(import), "the triggers after an import are those of the migration");
    let tables = include_str!("target/sqlite/next.sql");
    for column in [
        "national_number_index BLOB",
        "health_id             BLOB NOT NULL",
        "number  BLOB PRIMARY KEY NOT NULL",
    ] {
        assert!(tables.contains(column) && schema.contains(column), "{column}");
    }
}

#[test]
fn a_bound_is_a_number_or_a_share() {
    assert_eq!("100".parse(), Ok(MaxBad::Lines(100)));
    assert_eq!("0.5%".parse(), Ok(MaxBad::Percent(0.5)));
    for text in ["", "%", "-1", "101%", "NaN%", "1e400%", "5 %", "many"] {
        assert!(text.parse::<MaxBad>().is_err(), "{text}");
    }
    assert!(!MaxBad::Percent(1.0).is_passed(1, 100) && MaxBad::Percent(1.0).is_passed(2, 100));
    assert!(!MaxBad::Lines(0).is_passed(0, 0) && MaxBad::Lines(0).is_passed(1, 1_000_000));
}

#[test]
fn a_format_is_told_by_the_name() {
    for (name, format) in
        [("a.csv", Format::Csv), ("A.CSV.GZ", Format::Csv), ("a.ndjson", Format::Fhir), ("-", Format::Fhir)]
    {
        assert_eq!(Format::of(name.as_ref()), format, "{name}");
    }
}
