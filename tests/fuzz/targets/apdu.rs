//! Fuzzes Command and response APDUs.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::apdu(bytes));
