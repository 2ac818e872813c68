//! Fuzzes path validation.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::path(bytes));
