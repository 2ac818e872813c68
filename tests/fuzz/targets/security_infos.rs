//! Fuzzes EF.CardAccess, DG14 and DG15.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::security_infos(bytes));
