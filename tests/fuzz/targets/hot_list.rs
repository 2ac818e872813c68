//! Fuzzes the hot list.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::hot_list(bytes));
