//! Which certificate did the counter show to the proxy? Four spellings, one value.
//!
//! | header | written by | value |
//! |---|---|---|
//! | `Client-Cert` | HAProxy, and whoever follows RFC 9440 | `:` base64 of DER `:` |
//! | `X-SSL-Client-Cert` | nginx, `$ssl_client_escaped_cert` | PEM, percent-encoded |
//! | `X-Forwarded-Tls-Client-Cert` | Traefik, `passTLSClientCert` | PEM without its frame and line ends, leaf first, then commas |
//! | `X-Forwarded-Client-Cert` | Envoy, `SANITIZE_SET` with `cert` | one element, `Cert="` percent-encoded PEM `"` |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::edge::ReportedHeaders;
use crate::problem::{Problem, ProblemCode};

/// Certificates of one chain: a leaf, two issuers and a cross-certificate.
const CHAIN_MAX: usize = 4;

/// The chain, leaf first. Nobody has judged it.
pub(super) fn reported_chain(reported: &ReportedHeaders) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let spellings: [(Option<&str>, Parser); 4] = [
        (reported.one("client-cert")?, rfc_9440),
        (reported.one("x-ssl-client-cert")?, escaped_pem),
        (reported.one("x-forwarded-tls-client-cert")?, bare_pem),
        (reported.one("x-forwarded-client-cert")?, xfcc),
    ];
    // A proxy that asks for a certificate without requiring one sends an empty header.
    let mut said = spellings
        .into_iter()
        .filter_map(|(value, parser)| Some((value.filter(|it| !it.is_empty())?, parser)));
    let (value, parser) = match (said.next(), said.next()) {
        (Some(one), None) => one,
        (None, _) => {
            return Err(Problem::new(ProblemCode::Unauthenticated)
                .with_detail("the proxy reports no certificate of the counter"));
        }
        // ATTACK: one of the two comes from the counter.
        (Some(_), Some(_)) => return Err(malformed("two headers report a certificate")),
    };
    let chain = parser(value).ok_or_else(|| malformed("the reported certificate cannot be read"))?;
    if (1..=CHAIN_MAX).contains(&chain.len()) {
        Ok(chain)
    } else {
        Err(malformed("the reported chain is empty or too long"))
    }
}

type Parser = fn(&str) -> Option<Vec<CertificateDer<'static>>>;

/// An RFC 8941 byte sequence.
fn rfc_9440(value: &str) -> Option<Vec<CertificateDer<'static>>> {
    let base64 = value.strip_prefix(':')?.strip_suffix(':')?;
    Some(vec![STANDARD.decode(base64).ok()?.into()])
}

fn escaped_pem(value: &str) -> Option<Vec<CertificateDer<'static>>> {
    let pem = percent_decoded(value)?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().ok()
}

/// Traefik 2 escapes the base64, Traefik 3 does not.
fn bare_pem(value: &str) -> Option<Vec<CertificateDer<'static>>> {
    let decoded = percent_decoded(value)?;
    let one = |part: &[u8]| Some(CertificateDer::from(STANDARD.decode(part).ok()?));
    decoded.split(|byte| *byte == b',').map(one).collect()
}

/// The one `Cert` of the one element. A second element is of a proxy before the first, or of the counter.
fn xfcc(value: &str) -> Option<Vec<CertificateDer<'static>>> {
    let mut found = None;
    let mut rest = value;
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let (content, after) = match after.strip_prefix('"') {
            Some(quoted) => until_quote(quoted)?,
            None => after.split_at(after.find([';', ',']).unwrap_or(after.len())),
        };
        if key.eq_ignore_ascii_case("cert") && found.replace(content).is_some() {
            return None;
        }
        rest = match after.split_at_checked(1) {
            None => after,
            Some((";", more)) if !more.is_empty() => more,
            Some(_) => return None,
        };
    }
    escaped_pem(found?)
}

/// What stands before the closing quote, and what follows it. A backslash takes the next character for itself.
fn until_quote(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (place, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((text.get(..place)?, text.get(place + 1..)?)),
            _ => {}
        }
    }
    None
}

/// RFC 3986 §2.1, and no `+` for a blank: base64 has it as itself.
fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digit = |digit: &u8| char::from(*digit).to_digit(16);
                decoded.push(u8::try_from(digit(high)? << 4 | digit(low)?).ok()?);
                rest = tail;
            }
            (b'%', _) => return None,
            (byte, _) => decoded.push(*byte),
        }
    }
    Some(decoded)
}

fn malformed(rule: &'static str) -> Problem {
    Problem::new(ProblemCode::Malformed).with_detail(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DER: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0xfb];

    fn escaped() -> String {
        let pem =
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(DER));
        pem.replace('\n', "%0A").replace(' ', "%20").replace('=', "%3D")
    }

    #[test]
    fn each_proxys_spelling_is_read() {
        let wanted = vec![CertificateDer::from(DER.to_vec())];
        let base64 = STANDARD.encode(DER);
        assert_eq!(rfc_9440(&format!(":{base64}:")), Some(wanted.clone()));
        assert_eq!(escaped_pem(&escaped()), Some(wanted.clone()));
        assert_eq!(bare_pem(&base64), Some(wanted.clone()));
        assert_eq!(bare_pem(&base64.replace('=', "%3D")), Some(wanted.clone()));
        assert_eq!(bare_pem(&format!("{base64},{base64}")).unwrap().len(), 2);
        let element =
            format!(r#"By=spiffe://a;Hash=00ff;Cert="{}";Subject="CN=a\";Cert=\"b,c";URI="#, escaped());
        assert_eq!(xfcc(&element), Some(wanted));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        let cert = escaped();
        for value in [
            format!(r#"Cert="{cert}",Cert="{cert}""#),
            format!(r#"Cert="{cert}";Cert="{cert}""#),
            format!(r#"Cert="{cert}";cert={cert}"#),
            format!(r#"Hash=1,Cert="{cert}""#),
            format!(r#"Cert="{cert}"#),
            format!(r#"Cert="{cert}"x"#),
            format!(r#"Cert="{cert}";"#),
            "Hash=1".to_owned(),
            "Cert".to_owned(),
            String::new(),
        ] {
            assert_eq!(xfcc(&value), None, "{value}");
        }
        for value in ["%4", "%", "%zz"] {
            assert_eq!(percent_decoded(value), None, "{value}");
        }
        for value in ["MAMCAfs=", ":MAMCAfs=", ":MAMCAfs:", ":MAM CAfs=:", "::x"] {
            assert_eq!(rfc_9440(value), None, "{value}");
        }
    }
}
