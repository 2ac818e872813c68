//! Where does `bawaba demo` keep what a counter needs?

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::client::{ClientIdentity, GatewayClient};
use super::error::CounterError;

/// The state folder of a demonstration, as a counter sees it.
#[derive(Debug, Clone)]
pub struct DemoState {
    folder: PathBuf,
}

/// What a counter needs of `gateway.toml`; the gateway itself refuses unknown keys.
#[derive(Deserialize)]
struct GatewayFile {
    listen: Listen,
}

#[derive(Deserialize)]
struct Listen {
    api: SocketAddr,
}

impl DemoState {
    /// The folder that was given to `bawaba demo --state`.
    #[must_use]
    pub fn new(folder: &Path) -> DemoState {
        DemoState { folder: folder.to_owned() }
    }

    /// The gateway's address, from the `[listen]` of its own configuration.
    pub fn gateway(&self) -> Result<String, CounterError> {
        let path = self.folder.join("gateway.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| CounterError::Files {
            path: path.clone(),
            why: format!("{error}; is this the folder of a `bawaba demo --state`?"),
        })?;
        let file: GatewayFile = toml::from_str(&text)
            .map_err(|error| CounterError::Files { path, why: error.message().to_owned() })?;
        Ok(address(file.listen.api))
    }

    /// The certificate, key and trust of the client of this name, such as `pharmacy-1`.
    pub fn identity(&self, client: &str) -> Result<ClientIdentity, CounterError> {
        let folder = self.folder.join("clients").join(plain_name(client)?);
        Ok(ClientIdentity {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            ca: self.folder.join("ca.pem"),
        })
    }

    /// A client of the demonstration's gateway, under the name of one of its clients.
    pub fn client(&self, name: &str) -> Result<GatewayClient, CounterError> {
        GatewayClient::new(&self.gateway()?, &self.identity(name)?)
    }

    /// The file of the card of this name.
    pub fn card(&self, name: &str) -> Result<PathBuf, CounterError> {
        Ok(self.folder.join("cards").join(format!("{}.json", plain_name(name)?)))
    }

    /// The names of all cards, sorted.
    pub fn cards(&self) -> Result<Vec<String>, CounterError> {
        let folder = self.folder.join("cards");
        let unreadable =
            |error: std::io::Error| CounterError::Files { path: folder.clone(), why: error.to_string() };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
            }
        }
        names.sort();
        Ok(names)
    }
}

/// A gateway that listens on every address is reached on this machine's own.
fn address(listen: SocketAddr) -> String {
    let host = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
    };
    format!("https://{}", SocketAddr::new(host, listen.port()))
}

/// A name that stays inside its folder: it may come from a web form.
fn plain_name(name: &str) -> Result<&str, CounterError> {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    plain.then_some(name).ok_or_else(|| CounterError::Files {
        path: PathBuf::from(name),
        why: "not a name: letters, digits, '-' and '_' only".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_is_found_through_its_own_configuration() {
        let address_of = |text: &str| address(text.parse().unwrap());
        assert_eq!(address_of("127.0.0.1:8440"), "https://127.0.0.1:8440");
        assert_eq!(address_of("0.0.0.0:9000"), "https://127.0.0.1:9000");
        assert_eq!(address_of("[::]:9000"), "https://[::1]:9000");
    }

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        for name in ["", "..", "../keys", "a/b", "a\\b", "a.b", "\0"] {
            assert!(plain_name(name).is_err(), "{name:?}");
        }
        assert!(plain_name("fatima-zahra_1").is_ok());
    }
}
