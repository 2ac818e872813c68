//! Fuzzes what of an answer may leave.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::fhir_answer(bytes));
