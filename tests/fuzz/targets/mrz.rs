//! Fuzzes DG1 and its MRZ.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::mrz(bytes));
