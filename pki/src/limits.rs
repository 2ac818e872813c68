//! How large may anything be that a stranger sends? Every bound of this crate, with its unit and source.

/// Octets of EF.SOD: the furthest an even-INS READ BINARY reaches (15-bit offset, ISO/IEC 7816-4 §11.3.3).
/// Real ones have 1,000 to 10,000.
pub const EF_SOD: usize = 32_767;

/// Octets of one certificate. The largest of 999 CSCAs in the German and Dutch master lists has 3,000; a
/// certificate signed with ML-DSA-87 has 7,500.
pub const CERTIFICATE: usize = 16_384;

/// Octets of one CRL: the entries below at 70 octets each (20 of serial number, reason, invalidity date).
pub const CRL: usize = 16 * 1024 * 1024;

/// Entries of one CRL.
pub const CRL_ENTRIES: usize = 200_000;

/// Octets of a CRL number (RFC 5280 §5.2.3).
pub const CRL_NUMBER: usize = 20;

/// Extensions of one certificate or CRL. Doc 9303-12 §7.1 knows 16.
pub const EXTENSIONS: usize = 32;

/// Attributes of one distinguished name.
pub const NAME_ATTRIBUTES: usize = 32;

/// Certificates inside one EF.SOD: the document signer, at times its CSCA and a link certificate.
pub const SOD_CERTIFICATES: usize = 4;

/// Signed attributes of one SignerInfo. Doc 9303-10 §4.6.2.2 asks for two and allows the signing time.
pub const SIGNED_ATTRIBUTES: usize = 16;

/// Digest algorithms announced by one SignedData.
pub const DIGEST_ALGORITHMS: usize = 8;

/// Data groups (Doc 9303-10 §4.6.2.3 `ub-DataGroups`).
pub const DATA_GROUPS: usize = 16;

/// Octets of one data group: the reach of an extended READ BINARY with offset data object in practice; a face
/// has 15,000 to 40,000.
pub const DATA_GROUP: usize = 1024 * 1024;

/// Nested constructed encodings in an indefinite-length SignedData. An honest one has 12.
pub const BER_DEPTH: usize = 24;

/// Trusted CSCAs. The largest published list has 588.
pub const CSCAS: usize = 10_000;

/// CSCAs tried for one document signer when key identifiers do not decide, so that a forged certificate
/// cannot buy thousands of signature checks. No state has more than 30.
pub const ISSUER_TRIES: usize = 64;

/// Document signer certificates kept for security objects without their own, about 1,500 octets each. The ICAO PKD
/// holds some 20,000.
pub const DOCUMENT_SIGNERS: usize = 50_000;

/// Document signers whose CSCA's signature is remembered, 64 octets each: ten years of a state that opens one a week,
/// for eight states.
pub const REMEMBERED_SIGNATURES: usize = 4_096;

/// Bits of an RSA modulus: at most what OpenSSL computes in under a millisecond or two.
pub const RSA_BITS_MAX: u32 = 8_192;

/// Bits of an RSA modulus whose signature is computed at all: the old reference data sets.
pub const RSA_BITS_MIN: u32 = 1_024;

/// Bits of an RSA modulus that a document signer or CSCA must have to be trusted (Doc 9303-12 §4.4.1).
pub const RSA_BITS_TRUSTED: u32 = 2_048;

/// Octets of an RSA public exponent. Real ones go to 107,903; OpenSSL's own bound for large moduli is 8.
pub const RSA_EXPONENT: usize = 8;

/// Octets of a PSS salt. Real ones have 20 to 64.
pub const PSS_SALT: usize = 64;

/// Octets of an Active Authentication signature: as long as the longest RSA modulus.
pub const ACTIVE_SIGNATURE: usize = RSA_BITS_MAX as usize / 8;

/// Certificates of one bag of intermediates, anchors or lists that path building may look into.
pub const PATH_BAG: usize = 2_000;

/// Certificates of one path, the leaf and the anchor included. Public hierarchies have 3 to 5; NIST PKITS goes to 7.
pub const PATH_DEPTH: usize = 10;

/// Signature checks of one path validation, revocation lists included: webpki's bound (CVE-2018-16875 and its kin).
pub const PATH_SIGNATURES: u32 = 100;

/// Complete candidate paths that one validation judges.
pub const PATH_CANDIDATES: u32 = 50;

/// Edges from a certificate to a possible issuer that one validation looks at.
pub const PATH_STEPS: u32 = 20_000;

/// Comparisons of a name with a name constraint in one validation: webpki's bound (RUSTSEC-2023-0053).
pub const PATH_NAMES: u32 = 250_000;

/// Distribution points of one certificate, and names of one distribution point. Real ones have one to three.
pub const DISTRIBUTION_POINTS: usize = 64;

/// Lists whose signers have signers whose lists have signers: how far that may go.
pub const PATH_LIST_NESTING: usize = 3;

/// Characters of a registered number in a subject (X.520 `ub-serial-number`, RFC 5280 appendix A.1).
pub const REGISTERED_NUMBER: usize = 64;

/// Bits of a Diffie-Hellman prime: more would take longer than a counter waits.
pub const DH_BITS_MAX: u32 = 4_096;

/// Bits of the prime of a Diffie-Hellman group that is not a known one.
pub const DH_BITS_OTHER_MIN: u32 = 2_048;

/// Bits of a subgroup's order in a Diffie-Hellman group that is not a known one (RFC 5114 §2.2).
pub const DH_ORDER_BITS_MIN: u32 = 224;

/// Diffie-Hellman groups that are remembered as sound: a state has one, and few states have any.
pub const CHECKED_GROUPS: usize = 64;

/// Octets of a serial number without leading zeros (RFC 5280 §4.1.2.2); longer ones are a named deviation.
pub const SERIAL: usize = 20;

/// Octets of one master list. The German one of 2025 has 885,000 for 577 entries.
pub const MASTER_LIST: usize = 32 * 1024 * 1024;

/// Certificates that a master list brings beside its content: its signer, the country signer above, links.
pub const MASTER_LIST_CERTIFICATES: usize = 64;

/// Signers of one master list.
pub const MASTER_LIST_SIGNERS: usize = 4;

/// Links between an anchor and the signer of a list: key roll-overs every three to five years.
pub const LINK_DEPTH: usize = 8;

/// Octets of one logical line of LDIF: a master list in base64.
pub const LDIF_LINE: usize = MASTER_LIST / 3 * 4 + 1024;

/// Objects taken from one file: the ICAO PKD holds some 30,000 document signers.
pub const FILE_OBJECTS: usize = 200_000;

/// Octets of the objects taken from one file.
pub const FILE_OCTETS: usize = 256 * 1024 * 1024;

/// Cards on one hot list: every second card of 50 million, 60 MB of filter.
pub const HOT_LIST_ENTRIES: usize = 25_000_000;

/// Changes over one base, about 64 octets each: a month of 30,000 a day.
pub const HOT_LIST_CHANGES: usize = 1_000_000;

/// How far ahead the clock of whoever makes hot lists may be (RFC 7519 §4.1.5 "small leeway").
pub const HOT_LIST_CLOCK_LEEWAY: time::Duration = time::Duration::minutes(1);
