//! Who vouches for this? Certificates, document signers, EF.SOD, passive and active authentication.
//!
//! No I/O, no clock: every function is told the bytes and the moment (`at`).
//!
//! | question | module |
//! |---|---|
//! | which digest is meant? | [`digest`] |
//! | what does this certificate say of itself? | [`certificate`] |
//! | whom do we believe, and since when not any more? | [`trust`], [`revocation`] |
//! | which country signers does this list bring? | [`csca`] |
//! | was this card itself reported lost or stolen? | [`hot_list`] |
//! | what does the card's EF.SOD claim? | [`security_object`] |
//! | are these the bytes the state signed? | [`passive`], [`card_security`] |
//! | where is SHA-1 believed? | [`sha1`] |
//! | does a path lead from a professional's certificate to an anchor? | [`path`] |
//! | does the chip hold its private key? | [`active`], [`chip`] |
//! | which points does PACE compute with? | [`domain`] |
//! | which client is on the other end of the TLS connection? | [`client`] |
//! | how is a demonstration kingdom's paper made? | `issuing` (feature) |

//!
//! # What is verified with what
//!
//! | step | of | against | by | proof |
//! |---|---|---|---|---|
//! | 1 | EF.SOD, octets | strict DER, [`limits`] | [`SecurityObject::parse`] | none: unbelieved |
//! | 2 | digest of the LDS security object | signed attribute messageDigest; eContentType against contentType | [`SecurityObject::verify_signature`] | |
//! | 3 | signed attributes, as sent, under the tag SET OF | the key of the document signer certificate, inside or known to the store | the same | [`SignedSecurityObject`] |
//! | 4 | document signer certificate: signature, country | a pinned CSCA: key identifier first, then all of the country | [`SignedSecurityObject::trust`], [`TrustStore`] | |
//! | 5 | its version, key usage, constraints, key length, critical extensions | Doc 9303-12 §7.1 | the same | |
//! | 6 | validity of both certificates | the moment `at` | the same | |
//! | 7 | its serial number | the CRLs of that CSCA's family, whose signatures [`TrustStore::new`] checked | the same | [`VerifiedCertificate`] |
//! | 8 | signed content type; signing time, if told | LDS security object; the period in which the signer's key was in use | the same | [`PassiveAuthentication`] |
//! | 9 | each data group, whole | its digest in the LDS security object | [`PassiveAuthentication::authenticate`] | [`AuthenticDataGroup`] |
//! | – | answer of the chip to a nonce | the key in an authentic DG15 | [`ActiveAuthenticationKey::verify`] | [`SignatureForm`] |
//! | – | nothing: our ephemeral key agrees with it | the key in an authentic DG14: on its curve, in its subgroup | [`ChipAuthenticationKey::agree`] | [`Agreement`] |
//! | – | professional's or establishment's certificate | a path to a pinned anchor (RFC 5280), the needs of a profile, the registered numbers of the subject | [`PathValidator::validate`] | [`ValidatedPath`], then [`VerifiedProfessional`], [`VerifiedEstablishment`] or [`VerifiedHolder`] |
//! | – | answer of a holder's card to a challenge, after the PIN | the key of that certificate | [`VerifiedHolder::signed`] | [`SignatureForm`] |
//! | – | CRL of the clients' authority | the authority's certificate | [`ClientCrl::verify`] | [`ClientCrl`] |
//!
//! | signature | keys | digests | computed by |
//! |---|---|---|---|
//! | RSA PKCS#1 v1.5 (also bare `rsaEncryption`) | 1,024 to 8,192 bits are computed, 2,048 are needed to be trusted | SHA-1, SHA-224, SHA-256, SHA-384, SHA-512 | AWS-LC from 2,048 bits with SHA-256 to SHA-512 and an exponent of at most 32 bits; else OpenSSL |
//! | RSA-PSS, parameters honoured (defaults SHA-1, salt 20), MGF1 over any of the digests, trailer 1, salt up to 64 | the same, also under the key OID id-RSASSA-PSS | the same | AWS-LC where also mask and salt are of the digest; else OpenSSL |
//! | ECDSA | P-256, P-384, P-521; named, or explicit parameters equal to one of them | the same | AWS-LC with SHA-256 to SHA-512 and an uncompressed point; else OpenSSL |
//! | ECDSA | P-224, brainpoolP224 to P512 r1 and t1; likewise | the same | OpenSSL |
//!
//! A test puts every Wycheproof vector that both libraries can compute to both, and they must agree.
//!
//! The CMS signature of an EF.SOD is computed whatever its digest, for that says what a card holds. Whether SHA-1 is *believed*
//! is the trust store's [`Sha1Policy`]: nowhere by default. Where it was, the proof says so ([`Sha1Use`]).
//!
//! # What verified it
//!
//! | the algorithm | was tried on |
//! |---|---|
//! | RSA PKCS#1 v1.5 and PSS, 2,048 to 8,192 bits | CSCAs of the German list; SODs of Australia, France, UK; Wycheproof (5,900) |
//! | ECDSA P-224/256/384/521, brainpool 224 to 512 r1, named or explicit | the same list; SODs of Austria, Finland, UK; BSI sample (explicit); Wycheproof (10,800) |
//! | PSS mask over another digest; brainpool t1 | Wycheproof; own only |
//! | Active Authentication, RSA (9796-2, five digests) | answers of three passports (SHA-1, SHA-256); other digests against a second implementation |
//! | Active Authentication, ECDSA | Wycheproof r‖s; own chips |
//! | Chip Authentication, ECDH; 3DES and AES channel | four passports' sessions (brainpoolP256r1, P-256); Wycheproof; 9303-11 app. D; other curves own chips |
//! | Chip Authentication, DH (RFC 5114, RFC 3526, checked others) | own chips only |
//! | PACE, generic mapping, AES, every curve above | 9303-11 app. G.1 (brainpoolP256r1); others own chips |
//! | EF.CardSecurity; signer outside EF.SOD; SHA-1 (off by default) | own only; own only; Russian SOD |

pub mod active;
mod asn1;
pub mod card_security;
pub mod certificate;
pub mod chip;
pub mod client;
mod cms;
pub mod csca;
mod curve;
pub mod digest;
pub mod domain;
pub mod error;
pub mod hot_list;
#[cfg(feature = "issuing")]
pub mod issuing;
mod key;
pub mod limits;
pub mod passive;
pub mod path;
pub mod revocation;
pub mod security_object;
pub mod sha1;
mod signature;
pub mod trust;
#[cfg(test)]
mod vectors;

pub use active::{ActiveAuthenticationKey, ActiveEcKey, ActiveRsaKey, SignatureForm};
pub use card_security::{AuthenticCardSecurity, CardSecurity, SignedCardSecurity};
pub use certificate::{CscaKind, UntrustedCertificate};
pub use chip::{Agreement, ChipAuthenticationKey, KeyAgreement};
pub use client::{ClientCertificate, ClientCrl};
pub use digest::DigestAlgorithm;
pub use domain::{CurvePoint, CurveSecret, Domain};
pub use error::PkiError;
pub use passive::{AuthenticDataGroup, PassiveAuthentication, SignedSecurityObject};
pub use path::{
    Budget, PathCrl, PathError, PathReason, PathValidator, Profile, RegisteredIdentity, ValidatedPath,
    VerifiedEstablishment, VerifiedHolder, VerifiedProfessional, Work,
};
pub use revocation::{RevocationPolicy, RevocationReason, RevocationStatus, RevokedEntry, UntrustedCrl};
pub use security_object::{DataGroupNumber, SecurityObject};
pub use sha1::{Sha1Policy, Sha1Use};
pub use trust::{LeftOut, ListFacts, ListStanding, Material, TrustStore, VerifiedCertificate};
