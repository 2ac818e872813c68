//! Every parser of outside bytes: random bytes, and sound ones with something wrong. `make fuzz` goes deeper.

use bawaba_tests::parsers::PARSERS;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Beginnings that lead past the first check of each parser.
const STARTS: [&[u8]; 10] = [
    b"",
    b"\x00\xa4\x04\x0c",
    b"\x61\x5d\x5f\x1f\x5a",
    b"\x77\x82\x01\x00\x30\x82",
    b"\x6e\x82\x01\x00\x31\x82",
    b"\x30\x82\x01\x00\x30\x81",
    b"\x31\x14\x30\x12\x06\x0a\x04\x00\x7f\x00\x07\x02\x02\x04\x02\x02",
    b"{\"can\":\"000000\",\"",
    b"GET MedicationRequest?patient=\napplication/fhir+json\n{\"resourceType\":\"",
    b"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.",
];

#[test]
fn no_parser_of_outside_bytes_panics_or_believes_noise() {
    let bytes = (0..STARTS.len(), proptest::collection::vec(any::<u8>(), 0..600))
        .prop_map(|(start, rest)| [STARTS[start], &rest].concat());
    for (name, parse) in PARSERS {
        let mut runner =
            TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&bytes, |bytes| {
            parse(&bytes);
            Ok(())
        });
        assert!(outcome.is_ok(), "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn sound_bytes_with_something_wrong_are_judged_without_a_panic() {
    let seeds = bawaba_tests::seeds::seeds().await;
    // `make fuzz` starts from the same bytes.
    if let Some(corpus) = std::env::var_os("FUZZ_CORPUS").map(std::path::PathBuf::from) {
        for (number, (parser, bytes)) in seeds.iter().enumerate() {
            std::fs::create_dir_all(corpus.join(parser)).expect("a writable folder");
            std::fs::write(corpus.join(parser).join(format!("seed-{number}")), bytes)
                .expect("a writable folder");
        }
    }
    for (name, parse) in PARSERS {
        let sound: Vec<_> =
            seeds.iter().filter(|(parser, _)| *parser == name).map(|(_, bytes)| bytes).collect();
        assert!(!sound.is_empty(), "no seed for {name}");
        for bytes in sound {
            parse(bytes);
            let mutation = (0..bytes.len(), any::<u8>(), 0..4_u8);
            let mut runner =
                TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
            let outcome = runner.run(&mutation, |(at, byte, how)| {
                let mut bytes = bytes.clone();
                match how {
                    0 => bytes[at] ^= byte,
                    1 => bytes.insert(at, byte),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at),
                }
                parse(&bytes);
                Ok(())
            });
            assert!(outcome.is_ok(), "{name}: {outcome:?}");
        }
    }
}
