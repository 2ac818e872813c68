//! Fuzzes the JSON bodies of the API.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::json_bodies(bytes));
