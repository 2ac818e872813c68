//! The clients' side of the OAuth endpoints: exchange, ask, take back.

use serde_json::Value;

use crate::counter::{Counter, Reply, text};
use crate::harness::Harness;

/// RFC 8693 §2.1.
pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// RFC 8693 §3.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

impl Counter {
    /// Exchanges a token for this audience.
    pub async fn exchange(&self, token: &str, audience: &str) -> Reply {
        self.exchange_with(token, &[("audience", audience)]).await
    }

    /// Exchanges a token, with these parameters beside the necessary ones.
    pub async fn exchange_with(&self, token: &str, more: &[(&str, &str)]) -> Reply {
        let mut parameters =
            vec![("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS_TOKEN)];
        parameters.extend_from_slice(more);
        self.form("/oauth/token", &parameters).await
    }

    /// What is a token worth?
    pub async fn introspect(&self, token: &str) -> Value {
        let answer = self.form("/oauth/introspect", &[("token", token)]).await;
        answer.is(200);
        answer.json
    }

    /// Takes a token back.
    pub async fn revoke(&self, token: &str) -> Reply {
        self.form("/oauth/revoke", &[("token", token)]).await
    }
}

impl Harness {
    /// A token that this client got for its session, for a back-end.
    pub async fn exchanged(&self, client: &str, session: &str, audience: &str) -> String {
        let answer = self.counter(client).exchange(session, audience).await;
        answer.is(200);
        text(&answer.json["access_token"])
    }
}

impl Reply {
    /// Fails unless this is the OAuth error with our code and the status of its kind.
    #[track_caller]
    pub fn is_oauth_error(&self, error: &str, code: &str) -> &Self {
        let status = match error {
            "invalid_client" => 401,
            "temporarily_unavailable" => 503,
            _ => 400,
        };
        let told = (self.status.as_u16(), self.json["error"].as_str(), self.code());
        assert_eq!(told, (status, Some(error), code), "{}", self.json);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!((self.header("cache-control"), self.header("pragma")), ("no-store", "no-cache"));
        assert!(self.json["error_description"].is_string());
        self
    }
}
