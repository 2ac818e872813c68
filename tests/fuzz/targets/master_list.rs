//! Fuzzes CSCA master lists.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::master_list(bytes));
