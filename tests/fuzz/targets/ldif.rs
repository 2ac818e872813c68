//! Fuzzes LDIF of the ICAO PKD.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::ldif(bytes));
