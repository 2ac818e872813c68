//! Is this the URL of this request? (RFC 9449 §4.3 check 9)

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, Uri};
use url::Url;

/// The URLs under which a request may have been sent: the issuer's public one, and the one that the request itself
/// names, whose host was held against the configured ones.
#[derive(Clone, Debug)]
pub struct RequestUrls(Vec<Url>);

impl RequestUrls {
    /// `path` begins with a slash, `origins` are https origins without one at their end.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>, path: &str) -> Self {
        Self(origins.into_iter().filter_map(|origin| normal(&format!("{origin}{path}"))).collect())
    }

    /// Those of a request that came over TLS to one of our hosts.
    pub(crate) fn of_request(issuer: &str, uri: &Uri, headers: &HeaderMap) -> Self {
        let host = uri.authority().map(Authority::as_str);
        let host = host.or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok()));
        let own = host.map(|host| format!("https://{host}"));
        Self::new([issuer].into_iter().chain(own.as_deref()), uri.path())
    }

    /// Whether `htu` names one of them, query and fragment ignored.
    pub(super) fn contains(&self, htu: &str) -> bool {
        normal(htu).is_some_and(|htu| self.0.contains(&htu))
    }
}

/// An https URL without user, query and fragment, normalised as far as RFC 3986 §6.2.2 and §6.2.3 go: case of scheme, host
/// and escapes, default port, dot segments, escapes of what needs none.
fn normal(text: &str) -> Option<Url> {
    // What the parser would quietly drop or repair is not a URL that anybody sends.
    if text.bytes().any(|byte| byte.is_ascii_control() || matches!(byte, b' ' | b'\\')) {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    let sound =
        url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none();
    if !sound {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = unescaped(url.path())?;
    url.set_path(&path);
    Some(url)
}

/// RFC 3986 §6.2.2.1 and §6.2.2.2.
fn unescaped(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len());
    let mut pieces = path.split('%');
    normal.push_str(pieces.next()?);
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        let byte = u8::from_str_radix(digits, 16).ok()?;
        match char::from(byte) {
            plain @ ('a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | '~') => normal.push(plain),
            _ => {
                normal.push('%');
                normal.push_str(&digits.to_ascii_uppercase());
            }
        }
        normal.push_str(rest);
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_url_is_known_however_it_is_written_and_no_other_is() {
        let origins = ["https://gw.example", "https://localhost:8441"];
        let urls = RequestUrls::new(origins, "/dossier/Patient/a-1");
        for same in [
            "https://gw.example/dossier/Patient/a-1",
            "HTTPS://GW.example:443/dossier/Patient/a-1",
            "https://localhost:8441/dossier/Patient/a-1",
            "https://gw.example/dossier/Patient/a-1?_count=1#x",
            "https://gw.example/dossier/./Patient/%61%2d1",
        ] {
            assert!(urls.contains(same), "{same}");
        }
        for other in [
            "",
            "/dossier/Patient/a-1",
            "http://gw.example/dossier/Patient/a-1",
            "https://gw.example:8441/dossier/Patient/a-1",
            "https://evil.example/dossier/Patient/a-1",
            "https://a:b@gw.example/dossier/Patient/a-1",
            "https://gw.example@evil.example/dossier/Patient/a-1",
            "https://gw.example/dossier/Patient/a-1/",
            "https://gw.example/dossier/patient/a-1",
            "https://gw.example/dossier/Patient/a-2",
            "https://gw.example/dossier/Patient/a%2F1",
            "https://gw.example/dossier/Patient/a-1%",
            "https://gw.example/dossier\\Patient/a-1",
            " https://gw.example/dossier/Patient/a-1",
            "https://gw.example/dossier/Pat\nient/a-1",
        ] {
            assert!(!urls.contains(other), "{other:?}");
        }
    }

    #[test]
    fn escapes_that_mean_something_stay() {
        let urls = RequestUrls::new(["https://gw.example"], "/a%2fb");
        assert!(urls.contains("https://gw.example/a%2Fb"));
        assert!(!urls.contains("https://gw.example/a/b"));
    }
}
