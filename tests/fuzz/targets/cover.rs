//! Fuzzes questions about cover and what CNSS answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::cover(bytes));
