//! Fuzzes CMS SignedData for each of its purposes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::cms(bytes));
