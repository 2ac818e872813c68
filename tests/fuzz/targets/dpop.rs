//! Fuzzes keys, proofs and assertions of clients without a certificate.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bawaba_tests::parsers::dpop(bytes));
