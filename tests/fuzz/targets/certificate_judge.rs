//! Fuzzes the judge of country signers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::certificate_judge(bytes));
