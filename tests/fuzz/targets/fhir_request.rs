//! Fuzzes what a FHIR request means.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::fhir_request(bytes));
