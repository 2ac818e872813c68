//! Fuzzes message recovery of Active Authentication with RSA.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::active_rsa(bytes));
