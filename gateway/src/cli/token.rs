//! What does this token say, and is it one of ours?

mod relink;

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Serialize;
use serde_json::Value;

use super::output::Output;
use super::{Exit, Failure};
use crate::clock::{Clock as _, SystemClock};
use crate::token::jwk_set;

/// Longer than any token of this gateway.
const MAX_TOKEN: u64 = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print header and claims, without judging them
    #[command(
        after_help = "The token is read from FILE or standard input, never from an argument: other users of the\n\
        machine see arguments. A header file as written by the demonstration is understood too.\n\n\
        Example:\n  bawaba token decode ./var/demo/session.header"
    )]
    Decode {
        /// File with the token; standard input without it, or with `-`
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Verify signature, issuer and dates with the gateway's public keys, then print
    #[command(
        after_help = "Works for session tokens, back-end tokens and receipts. The binding to a client certificate\n\
        (cnf) can only be judged by the gateway, on a connection.\n\n\
        Example:\n  bawaba token verify ./var/demo/session.header --state ./var/demo\n  \
        bawaba token verify --jwks jwks.json < receipt.jws"
    )]
    Verify {
        /// File with the token; standard input without it, or with `-`
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        keys: Keys,
    },
    /// Lead a pseudonym back to a patient: two operators, for courts and fraud teams
    #[command(subcommand)]
    Relink(relink::Command),
}

/// Whose keys verify: a gateway of this machine, or a published key set.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Keys {
    /// A folder made by `bawaba demo`
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A JWKS document fetched from the gateway
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
}

#[derive(Serialize)]
struct Shown {
    verified: bool,
    header: Value,
    claims: Value,
}

pub(super) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Decode { file } => {
            let token = read(file.as_deref())?;
            let claims = insecure_decode::<Value>(&token).map_err(|_| not_a_token())?.claims;
            output.json(&Shown { verified: false, header: header(&token)?, claims })
        }
        Command::Verify { file, keys } => {
            let token = read(file.as_deref())?;
            let (jwks, issuer) = keys.load()?;
            let claims = verify(&token, &jwks, issuer.as_deref())?;
            output.json(&Shown { verified: true, header: header(&token)?, claims })
        }
        Command::Relink(command) => relink::run(command, *output),
    }
}

impl Keys {
    /// The key set, and the issuer it belongs to where that is known.
    fn load(&self) -> Result<(JwkSet, Option<String>), Failure> {
        if let Some(path) = &self.jwks {
            let bytes = std::fs::read(path).map_err(|error| Failure::io(path.display(), &error))?;
            let jwks = serde_json::from_slice(&bytes)
                .map_err(|error| Failure::new(Exit::Io, format!("{}: no JWKS: {error}", path.display())))?;
            return Ok((jwks, None));
        }
        let config =
            super::place::load(&super::place::config_file(self.state.as_ref(), self.config.as_ref()))?;
        let keys = super::keys::published(&config, SystemClock.now())?;
        let jwks = serde_json::from_value(jwk_set(&keys))
            .map_err(|error| Failure::new(Exit::Internal, format!("no JWKS: {error}")))?;
        Ok((jwks, Some(config.issuer)))
    }
}

fn verify(token: &str, jwks: &JwkSet, issuer: Option<&str>) -> Result<Value, Failure> {
    let refused = |why: String| Failure::new(Exit::Failed, format!("not verified: {why}"));
    let header = decode_header(token).map_err(|_| not_a_token())?;
    let kid = header.kid.ok_or_else(|| refused("no kid".into()))?;
    let jwk = jwks.find(&kid).ok_or_else(|| refused("signed by none of these keys".into()))?;
    let key = DecodingKey::from_jwk(jwk).map_err(|error| refused(error.to_string()))?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_aud = false;
    validation.validate_nbf = true;
    validation.leeway = 0;
    // A receipt has no end; a token that has one is judged by it.
    validation.required_spec_claims.clear();
    validation.validate_exp =
        insecure_decode::<Value>(token).is_ok_and(|data| data.claims.get("exp").is_some());
    if let Some(issuer) = issuer {
        validation.set_issuer(&[issuer]);
        validation.required_spec_claims.insert("iss".to_owned());
    }
    decode::<Value>(token, &key, &validation)
        .map(|data| data.claims)
        .map_err(|error| refused(error.to_string()))
}

/// The bare token, or the token of an `Authorization: Bearer …` header file.
fn read(file: Option<&Path>) -> Result<String, Failure> {
    let mut text = String::new();
    match file {
        Some(path) if path != Path::new("-") => {
            let file = std::fs::File::open(path).map_err(|error| Failure::io(path.display(), &error))?;
            file.take(MAX_TOKEN).read_to_string(&mut text)
        }
        _ => std::io::stdin().lock().take(MAX_TOKEN).read_to_string(&mut text),
    }
    .map_err(|error| Failure::io("the token", &error))?;
    text.split_whitespace().last().map(str::to_owned).ok_or_else(not_a_token)
}

fn header(token: &str) -> Result<Value, Failure> {
    let header = decode_header(token).map_err(|_| not_a_token())?;
    serde_json::to_value(header).map_err(|_| not_a_token())
}

fn not_a_token() -> Failure {
    Failure::new(Exit::Failed, "this is no signed token (JWS compact form)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::token::{ReceiptClaims, Tokens};
    use hsm_config::SoftwareKeys;
    use time::macros::datetime;

    const AT: time::OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
    const ISSUER: &str = "https://localhost:8441";

    fn receipt() -> (String, JwkSet) {
        let keys = Arc::new(SoftwareKeys::generate(AT).unwrap());
        let tokens = Tokens::new(keys, ISSUER.to_owned(), ISSUER.to_owned());
        let claims = ReceiptClaims {
            presence: uuid::Uuid::new_v4(),
            establishment: "pharmacy-1".to_owned(),
            time: AT,
            operation: "open-session".to_owned(),
            log_index: 7,
        };
        let jwks = serde_json::from_value(tokens.jwks(AT).unwrap()).unwrap();
        (tokens.issue_receipt(&claims).unwrap(), jwks)
    }

    #[test]
    fn a_receipt_is_verified_with_the_published_keys_and_no_others() {
        let (token, jwks) = receipt();
        assert_eq!(verify(&token, &jwks, Some(ISSUER)).unwrap()["log_index"], 7);
        assert!(verify(&token, &jwks, Some("https://elsewhere")).is_err());
        let (_, others) = receipt();
        assert!(verify(&token, &others, None).is_err());
        let (head, signature) = token.rsplit_once('.').unwrap();
        let altered = format!("{head}.{}", signature.chars().rev().collect::<String>());
        assert!(verify(&altered, &jwks, None).is_err());
    }

    #[test]
    fn a_token_is_read_from_a_header_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.header");
        std::fs::write(&path, "Authorization: Bearer a.b.c\n").unwrap();
        assert_eq!(read(Some(&path)).unwrap(), "a.b.c");
    }
}
