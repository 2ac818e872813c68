//! Are these policies sound?

use clap::Args;
use serde::Serialize;

use super::super::Failure;
use super::super::output::{Output, moment};
use super::{Which, bundle, signers};

#[derive(Debug, Args)]
#[command(
    after_help = "Without --dir or --bundle: the policies built into the program. The hash is the one in decisions and tokens.\n\
    Refused: what does not parse or type-check, a policy without its annotations, and a set that would deny everything.\n\n\
    Example:\n  bawaba policies check --dir /etc/bawaba/policies\n  \
    bawaba policies check --bundle policies.jws --signer security.jwk"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Checked {
    sound: bool,
    hash: String,
    source: String,
    policies: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts_from: Option<String>,
}

pub(super) fn run(Arguments { which }: &Arguments, output: Output) -> Result<(), Failure> {
    let (set, edition) = match &which.bundle {
        Some(file) => {
            let bundle = bundle(file, &signers(&which.signer)?)?;
            let edition = (bundle.version(), moment(bundle.not_before()));
            (bundle.into_policies(), Some(edition))
        }
        None => (which.load()?, None),
    };
    let (version, counts_from) = edition.unzip();
    let (hash, source, policies) = (set.hash().to_owned(), which.name(), set.len());
    let checked = Checked { sound: true, hash, source, policies, version, counts_from };
    output.answer(&checked, || {
        let Checked { hash, source, policies, .. } = &checked;
        let edition = checked.version.zip(checked.counts_from.as_deref());
        let edition = edition.map(|(version, from)| format!(", version {version}, counts from {from}"));
        format!("{source}: sound, {policies} policies{}, hash {hash}", edition.unwrap_or_default())
    })
}
