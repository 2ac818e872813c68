//! Fuzzes EF.CardSecurity.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::card_security(bytes));
