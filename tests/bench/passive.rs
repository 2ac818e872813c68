//! What does passive authentication cost a core, with the document signer's chain remembered and not?
//!
//! One act is what `POST /v1/presences` does with the files of a card: EF.SOD read, its signature, the signer under its CSCA,
//! revocation, the digests of three data groups. CSCA and signer have keys of the same kind.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use pki::issuing::{CertificateProfile, CountrySigner, DocumentSigner, SignatureScheme};
use pki::{
    AuthenticDataGroup, DataGroupNumber, DigestAlgorithm, PkiError, SecurityObject, TrustStore,
    UntrustedCertificate, UntrustedCrl,
};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::process::median;

const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
const ROUNDS: usize = 3;
const SLICE: Duration = Duration::from_millis(400);
/// Trust stores that have not seen the signer, made before the clock starts.
const FRESH: usize = 32;

/// A country with a card of it.
struct Country {
    csca: CountrySigner,
    signer: DocumentSigner,
    crl: UntrustedCrl,
    ef_sod: Vec<u8>,
    groups: Vec<(DataGroupNumber, Vec<u8>)>,
}

impl Country {
    fn new(scheme: SignatureScheme) -> Result<Self> {
        let profile = |name: &str| CertificateProfile {
            country: "MA".to_owned(),
            common_name: name.to_owned(),
            scheme,
            not_before: datetime!(2025-01-01 00:00 UTC),
            not_after: datetime!(2036-01-01 00:00 UTC),
        };
        let csca = CountrySigner::create(&profile("CSCA"))?;
        let signer = csca.issue_document_signer(&profile("DS"))?;
        let crl = csca.issue_crl(&[], NOW - time::Duration::DAY, NOW + time::Duration::DAY)?;
        // As long as DG1 of an identity card, DG14 and DG15 are.
        let groups = [(DataGroupNumber::DG1, 95), (DataGroupNumber::DG14, 150), (DataGroupNumber::DG15, 94)]
            .map(|(number, length)| (number, vec![0x5a; length]))
            .to_vec();
        let listed: Vec<_> = groups.iter().map(|(number, content)| (*number, content.as_slice())).collect();
        let ef_sod = signer.sign_security_object(DigestAlgorithm::Sha256, &listed)?;
        Ok(Self { csca, signer, crl: UntrustedCrl::from_der(&crl)?, ef_sod, groups })
    }

    fn store(&self) -> Result<TrustStore, PkiError> {
        let csca = UntrustedCertificate::from_der(self.csca.certificate())?;
        TrustStore::new(vec![csca], vec![self.crl.clone()])
    }

    fn authenticate(&self, store: &TrustStore) -> Result<Vec<AuthenticDataGroup>, PkiError> {
        let signed = SecurityObject::parse(black_box(&self.ef_sod))?.verify_signature_with(store)?;
        let vouched = signed.trust(store, NOW)?;
        self.groups.iter().map(|(number, content)| vouched.authenticate(*number, content.clone())).collect()
    }

    /// Microseconds of one act with a store that remembers the signer.
    fn remembered(&self) -> Result<f64> {
        let store = self.store()?;
        self.authenticate(&store)?;
        micros(|| Ok(self.authenticate(&store).map(drop)?))
    }

    /// … with one that has never seen it.
    fn first_seen(&self) -> Result<f64> {
        let (mut spent, mut acts) = (Duration::ZERO, 0_u32);
        while spent < SLICE {
            let stores = (0..FRESH).map(|_| self.store()).collect::<Result<Vec<_>, _>>()?;
            let start = Instant::now();
            for store in &stores {
                black_box(self.authenticate(store)?);
                acts += 1;
            }
            spent += start.elapsed();
        }
        Ok(spent.as_secs_f64() * 1e6 / f64::from(acts))
    }

    /// Microseconds of one signature check: digest, the key read out of its certificate, the arithmetic.
    fn signature(&self) -> Result<f64> {
        let csca = UntrustedCertificate::from_der(self.csca.certificate())?;
        let signer = UntrustedCertificate::from_der(self.signer.certificate())?;
        micros(|| Ok(black_box(&signer).signed_by(&csca)?))
    }
}

fn micros(mut act: impl FnMut() -> Result<()>) -> Result<f64> {
    let (start, mut acts) = (Instant::now(), 0_u32);
    while start.elapsed() < SLICE {
        act()?;
        acts += 1;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(acts))
}

/// One row a kind of key.
pub(crate) fn table() -> Result<()> {
    println!("\nPassive authentication, one core; share = signature arithmetic, two checks or one");
    println!(
        "| CSCA and document signer | chain not remembered: µs (per s) | share | remembered: µs (per s) | share |"
    );
    println!("|---|---:|---:|---:|---:|");
    let kinds = [
        ("ECDSA P-256, SHA-256", SignatureScheme::EcdsaP256),
        ("ECDSA P-384, SHA-384", SignatureScheme::EcdsaP384),
        ("ECDSA P-521, SHA-512", SignatureScheme::EcdsaP521),
        ("RSA-3072 PKCS#1 v1.5, SHA-256", SignatureScheme::RsaPkcs1),
        ("RSA-3072 PSS, SHA-256", SignatureScheme::RsaPss),
    ];
    for (name, scheme) in kinds {
        let country = Country::new(scheme)?;
        let (mut first, mut again, mut one) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            first.push(country.first_seen()?);
            again.push(country.remembered()?);
            one.push(country.signature()?);
        }
        let (first, again, one) = (median(first), median(again), median(one));
        println!(
            "| {name} | {first:.0} ({:.0}) | {:.0} % | {again:.0} ({:.0}) | {:.0} % |",
            1e6 / first,
            200.0 * one / first,
            1e6 / again,
            100.0 * one / again,
        );
    }
    Ok(())
}
