//! Is the request for us? One host, ours, and the same one everywhere it is named.

use http::header::HOST;
use http::{HeaderMap, Uri, Version};

use super::{has_authority, malformed};
use crate::problem::{Problem, ProblemCode};

/// The names this gateway answers to (noms d'hôte). Ports are not compared: a load balancer may listen on another.
#[derive(Clone, Debug)]
pub struct HostRules {
    names: Vec<String>,
}

impl HostRules {
    /// DNS names and IP literals (an IPv6 one with or without brackets), compared without case.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(|name| name.into().trim_matches(['[', ']']).to_ascii_lowercase());
        Self { names: names.collect() }
    }

    /// Exactly one host, without userinfo, allowed, and equal in target, `Host` and TLS server name (RFC 9112 §3.2,
    /// RFC 9113 §8.3.1).
    pub(super) fn check(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        version: Version,
        server_name: Option<&str>,
    ) -> Result<(), Problem> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() {
            return Err(malformed("more than one Host header"));
        }
        let host =
            host.map(|value| value.to_str().map_err(|_| malformed("Host is not readable"))).transpose()?;
        let authority = uri.authority().map(http::uri::Authority::as_str);
        let named = if has_authority(version) {
            match (authority, host) {
                (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => {
                    return Err(malformed(":authority and Host differ"));
                }
                (Some(authority), _) => authority,
                (None, _) => return Err(malformed("no :authority")),
            }
        } else {
            if authority.is_some() || uri.scheme().is_some() {
                return Err(malformed("the request target must be in origin form"));
            }
            host.ok_or_else(|| malformed("no Host header"))?
        };
        let name = host_name(named).ok_or_else(|| malformed("Host is not a host name"))?;
        if !self.names.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
            return Err(ProblemCode::Misdirected.into());
        }
        match server_name {
            Some(server_name) if !server_name.eq_ignore_ascii_case(name) => {
                Err(ProblemCode::Misdirected.into())
            }
            _ => Ok(()),
        }
    }
}

/// The name of `name[:port]` or `[v6][:port]`; `None` for userinfo, an empty name or a port that is not a number.
fn host_name(authority: &str) -> Option<&str> {
    let (name, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').and_then(|(name, port)| match port {
            "" => Some((name, None)),
            port => Some((name, Some(port.strip_prefix(':')?))),
        })?,
        None => match authority.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (authority, None),
        },
    };
    let port_ok = port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'));
    (port_ok && !name.is_empty() && !name.contains('@')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_perhaps_a_port() {
        for (authority, name) in [
            ("gw.example", Some("gw.example")),
            ("gw.example:8440", Some("gw.example")),
            ("[::1]:8440", Some("::1")),
            ("[::1]", Some("::1")),
            ("", None),
            (":80", None),
            ("a@gw.example", None),
            ("gw.example:", None),
            ("gw.example:+1", None),
            ("gw.example:80:80", None),
            ("[::1]x", None),
        ] {
            assert_eq!(host_name(authority), name, "{authority}");
        }
    }
}
