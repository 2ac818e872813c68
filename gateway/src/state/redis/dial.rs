//! Which Redis, as whom, under whose certificate?

use redis::cluster::ClusterClient;
use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionInfo, IntoConnectionInfo, TlsCertificates};
use zeroize::Zeroizing;

use crate::config::RedisPlace;
use crate::limits::{STATE_ANSWER_TIMEOUT, STATE_SILENCE_MAX};
use crate::state::StateOpenError;

/// What a connection is made from (*numéro d'appel*).
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub(super) enum Dial {
    /// One server.
    One(Client),
    /// A cluster, and its nodes one by one for what is said to all.
    Cluster { client: ClusterClient, nodes: Vec<Client> },
}

impl Dial {
    /// Reads the password and the authorities; connects to nobody yet.
    pub(super) fn new(place: &RedisPlace) -> Result<Self, StateOpenError> {
        let password = place.password.as_ref().map(hsm_config::SecretSource::read).transpose()?;
        let certificates = match &place.ca {
            None => None,
            Some(path) => {
                let pem = std::fs::read(path)
                    .map_err(|error| StateOpenError::Authority { path: path.clone(), error })?;
                Some(TlsCertificates { client_tls: None, root_cert: Some(pem) })
            }
        };
        let nodes = place
            .nodes
            .iter()
            .map(|url| connection_info(url.as_str(), password.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        if !place.cluster {
            let first = nodes.into_iter().next().ok_or(StateOpenError::NoServer)?;
            return Ok(Self::One(client(first, certificates.as_ref())?));
        }
        let mut builder = ClusterClient::builder(nodes.clone())
            .retries(2)
            .min_retry_wait(10)
            .max_retry_wait(200)
            .connection_timeout(STATE_ANSWER_TIMEOUT)
            .response_timeout(STATE_ANSWER_TIMEOUT)
            .tcp_settings(tcp());
        if let Some(certificates) = &certificates {
            builder = builder.certs(certificates.clone());
        }
        let nodes = nodes.into_iter().map(|node| client(node, certificates.as_ref()));
        Ok(Self::Cluster { client: builder.build()?, nodes: nodes.collect::<Result<_, _>>()? })
    }

    /// One server to listen to; another each time, where there are several.
    pub(super) fn listened_to(&self, turn: usize) -> Option<&Client> {
        match self {
            Self::One(client) => Some(client),
            Self::Cluster { nodes, .. } => nodes.get(turn.checked_rem(nodes.len())?),
        }
    }
}

fn connection_info(
    url: &str,
    password: Option<&Zeroizing<String>>,
) -> Result<ConnectionInfo, redis::RedisError> {
    let info = url.into_connection_info()?;
    let mut user = info.redis_settings().clone();
    if let Some(password) = password {
        user = user.set_password(password.as_str());
    }
    Ok(info.set_redis_settings(user).set_tcp_settings(tcp()))
}

fn client(info: ConnectionInfo, certificates: Option<&TlsCertificates>) -> Result<Client, redis::RedisError> {
    match certificates {
        Some(certificates) => Client::build_with_tls(info, certificates.clone()),
        None => Client::open(info),
    }
}

/// A peer whose machine is gone does not even acknowledge: then the connection is given up, instead of after 15 minutes.
fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true).set_user_timeout(STATE_SILENCE_MAX)
}
