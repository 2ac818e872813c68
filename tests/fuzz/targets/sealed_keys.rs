//! Fuzzes the head of a sealed key file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::sealed_keys(bytes));
