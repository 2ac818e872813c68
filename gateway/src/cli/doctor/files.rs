//! Are the files there, private where they must be, and good for a while?

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hsm_config::{HsmError, KeyPlace};
use pki::{ClientCrl, UntrustedCertificate, UntrustedCrl};
use policies::PolicySet;
use rustls::pki_types::{CertificateRevocationListDer, pem::PemObject};
use time::{Duration, OffsetDateTime};

use super::super::{Failure, keys as key_file, output::moment, pki::read as certificates};
use super::Finding;
use crate::config::{Config, TlsConfig};
use crate::decisions::{Bundle, BundleError, PolicySource};

/// An operator wants to know before the counters do.
const SOON: Duration = Duration::days(30);
const RENEW: &str = "have its issuer make a new one and put it in the same place; a running gateway takes it over \
    (a demonstration: bawaba demo renews by itself)";

pub(super) fn private(check: &'static str, path: &Path) -> Finding {
    match std::fs::metadata(path) {
        Err(error) => Finding::failed(check, format!("{}: {error}", path.display()), "correct the path"),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => Finding::failed(
            check,
            format!(
                "{} can be read by others (mode {:o})",
                path.display(),
                found.permissions().mode() & 0o777
            ),
            format!("chmod 600 {}", crate::demo::curl::quoted(path)),
        ),
        Ok(_) => Finding::ok(check, format!("{} is private", path.display())),
    }
}

/// What the service manager gives to the gateway only, such as a credential, is not missing: it is not judged.
pub(super) fn keys(config: &Config, at: OffsetDateTime) -> Finding {
    const CHECK: &str = "keys";
    let failed =
        |Failure { message, remedy, .. }| Finding::failed(CHECK, message, remedy.unwrap_or_default());
    let in_file = matches!(config.keys, KeyPlace::File { .. });
    if let (true, Err(failure)) = (in_file, key_file::published(config, at)) {
        return failed(failure);
    }
    match hsm_config::open(&config.keys, at) {
        Ok(_) if in_file => Finding::ok(CHECK, "they open, and every role has its own"),
        // In this order, each refused by name: what is said of one says that those before it are sound.
        Ok(_) => Finding::ok(
            CHECK,
            "profile sound, module loaded, token there, logged in, every key there and able to do its one job only",
        ),
        Err(HsmError::Secret(error)) => Finding::warning(
            CHECK,
            format!("sound to look at, but not opened: {error}"),
            "run this where the gateway runs, with the passphrase or PIN that it gets",
        ),
        Err(error) => failed(error.into()),
    }
}

pub(super) fn certificate(check: &'static str, path: &Path, at: OffsetDateTime) -> Finding {
    let ders = match certificates(path) {
        Ok(ders) => ders,
        Err(failure) => {
            return Finding::failed(check, failure.message, "correct the path or the permissions");
        }
    };
    let mut first_end = None;
    for der in ders {
        match UntrustedCertificate::from_der(&der) {
            Err(error) => {
                return Finding::failed(
                    check,
                    format!("{}: {error}", path.display()),
                    "give a PEM or DER certificate",
                );
            }
            Ok(found) if found.not_before() > at => {
                let detail = format!("{} is valid from {} only", path.display(), moment(found.not_before()));
                return Finding::failed(check, detail, "set this machine's clock");
            }
            Ok(found) => {
                let end = found.not_after();
                first_end = Some(first_end.map_or(end, |first: OffsetDateTime| first.min(end)));
            }
        }
    }
    match first_end {
        Some(end) => ends(check, path, end, at),
        None => {
            Finding::failed(check, format!("{} is empty", path.display()), "give a PEM or DER certificate")
        }
    }
}

pub(super) fn client_crl(tls: &TlsConfig, at: OffsetDateTime) -> Finding {
    const CHECK: &str = "client-revocation-list";
    let list = match crl(&tls.client_crl) {
        Ok(list) => list,
        Err(finding) => return Finding { check: CHECK, ..finding },
    };
    let signed = certificates(&tls.client_ca)
        .unwrap_or_default()
        .iter()
        .find_map(|authority| ClientCrl::verify(&list, authority).ok());
    match signed {
        Some(signed) => ends(CHECK, &tls.client_crl, signed.next_update(), at),
        None => Finding::failed(
            CHECK,
            format!("{} is not signed by the client authority", tls.client_crl.display()),
            "fetch the list of the authority named in tls.client_ca",
        ),
    }
}

pub(super) fn country_crl(path: &Path, at: OffsetDateTime) -> Finding {
    const CHECK: &str = "signer-revocation-list";
    let list = match crl(path) {
        Ok(list) => list,
        Err(finding) => return finding,
    };
    match UntrustedCrl::from_der(&list) {
        Ok(list) => ends(CHECK, path, list.next_update(), at),
        Err(error) => Finding::failed(CHECK, format!("{}: {error}", path.display()), "give a PEM or DER CRL"),
    }
}

pub(super) fn policies(source: &PolicySource) -> Finding {
    let (set, remedy) = match source {
        PolicySource::Shipped => (PolicySet::shipped().map_err(BundleError::from), ""),
        PolicySource::Folder(dir) => {
            (PolicySet::load(dir).map_err(BundleError::from), "bawaba policies check --dir DIR says where")
        }
        PolicySource::Bundle { file, signers } => {
            const REMEDY: &str = "have it signed again; a running gateway keeps the policies it has";
            match Bundle::read(file, signers) {
                Ok(bundle) => {
                    let (version, from) = (bundle.version(), moment(bundle.not_before()));
                    let hash = bundle.policies().hash();
                    return Finding::ok(
                        "policies",
                        format!("bundle sound, version {version} from {from}, hash {hash}"),
                    );
                }
                Err(error) => (Err(error), REMEDY),
            }
        }
    };
    match set {
        Ok(set) => Finding::ok("policies", format!("sound, hash {}", set.hash())),
        Err(error) => Finding::failed("policies", error.to_string(), remedy),
    }
}

fn crl(path: &Path) -> Result<Vec<u8>, Finding> {
    let bytes = std::fs::read(path).map_err(|error| {
        let detail = format!("{}: {error}", path.display());
        Finding::failed("signer-revocation-list", detail, "correct the path or the permissions")
    })?;
    Ok(CertificateRevocationListDer::from_pem_slice(&bytes).map(|list| list.to_vec()).unwrap_or(bytes))
}

fn ends(check: &'static str, path: &Path, end: OffsetDateTime, at: OffsetDateTime) -> Finding {
    let left = end - at;
    let detail = format!("{} is good until {} ({} days)", path.display(), end.date(), left.whole_days());
    if left.is_negative() {
        Finding::failed(check, format!("{} ended on {}", path.display(), end.date()), RENEW)
    } else if left < SOON {
        Finding::warning(check, detail, RENEW)
    } else {
        Finding::ok(check, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Standing;
    use super::*;

    #[test]
    fn a_key_that_others_can_read_fails_with_the_line_to_type() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my key.json");
        std::fs::write(&path, "{}").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let finding = private("key-file", &path);
        assert_eq!(finding.standing, Standing::Failed);
        assert_eq!(finding.remedy.unwrap(), format!("chmod 600 '{}'", path.display()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(private("key-file", &path).standing, Standing::Ok);
    }
}
