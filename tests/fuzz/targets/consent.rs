//! Fuzzes what a patient says in FHIR.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::consent(bytes));
