//! What is counted? OpenMetrics text for `/metrics`.
//!
//! Labels have few values and none comes from a request: route templates, fixed codes, configured names. A client id,
//! a patient or a path never becomes a label.

mod database;
mod emergency;
mod fraud;
mod labels;
mod lists;
mod policies;
mod withdrawals;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use database::DatabaseMetrics;
use emergency::EmergencyMetrics;
use fraud::FraudMetrics;
use labels::{BackEnd, Decision, Handshake, OAuth, Outcome, Port, Refusal, Request, Route, Service};
use lists::ListMetrics;
use policies::PolicyMetrics;
use withdrawals::WithdrawalMetrics;

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds, from half a millisecond (the bar of design.md §6) to a back-end's whole timeout.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0];

/// Events in one audit commit.
const BATCH: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Everything that is counted (métriques).
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Family<Route, Histogram>,
    connections: Family<Port, Gauge>,
    handshakes: Family<Handshake, Counter>,
    refusals: Family<Refusal, Counter>,
    audit_batch: Histogram,
    audit_seconds: Histogram,
    back_end_requests: Family<BackEnd, Counter>,
    back_end_seconds: Family<Service, Histogram>,
    back_end_open: Family<Service, Gauge>,
    lists: ListMetrics,
    fraud: FraudMetrics,
    database: DatabaseMetrics,
    withdrawals: WithdrawalMetrics,
    emergency: EmergencyMetrics,
    presences: Family<Outcome, Counter>,
    presences_pending: Gauge,
    decisions: Family<Decision, Counter>,
    policies: PolicyMetrics,
    oauth: Family<OAuth, Counter>,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("bawaba");
        let requests = Family::default();
        registry.register(
            "requests",
            "Answered requests by route, status and problem code",
            requests.clone(),
        );
        let request_seconds = Family::<Route, Histogram>::new_with_constructor(seconds as fn() -> Histogram);
        registry.register_with_unit(
            "request",
            "Time to the answer's head",
            Unit::Seconds,
            request_seconds.clone(),
        );
        let connections = Family::default();
        registry.register("connections", "Open connections", connections.clone());
        let handshakes = Family::default();
        registry.register("handshakes", "TLS handshakes that succeeded", handshakes.clone());
        let refusals = Family::default();
        registry.register("connections_refused", "Connections refused before a request", refusals.clone());
        let audit_batch = Histogram::new(BATCH);
        registry.register("audit_batch", "Audit events in one durable commit", audit_batch.clone());
        let audit_seconds = seconds();
        registry.register_with_unit(
            "audit_commit",
            "Time of one commit",
            Unit::Seconds,
            audit_seconds.clone(),
        );
        let back_end_requests = Family::default();
        registry.register(
            "back_end_requests",
            "Requests sent to back-ends by outcome",
            back_end_requests.clone(),
        );
        let back_end_seconds =
            Family::<Service, Histogram>::new_with_constructor(seconds as fn() -> Histogram);
        registry.register_with_unit(
            "back_end",
            "Time to a back-end's head",
            Unit::Seconds,
            back_end_seconds.clone(),
        );
        let back_end_open = Family::default();
        registry.register("back_end_resting", "1 while a back-end's breaker is open", back_end_open.clone());
        let lists = ListMetrics::new(&mut registry);
        let fraud = FraudMetrics::new(&mut registry);
        let database = DatabaseMetrics::new(&mut registry);
        let withdrawals = WithdrawalMetrics::new(&mut registry);
        let emergency = EmergencyMetrics::new(&mut registry);
        let presences = Family::default();
        registry.register("presences", "Presences by outcome", presences.clone());
        let presences_pending = Gauge::default();
        registry.register(
            "presences_pending",
            "Challenges waiting for their proof, at all nodes",
            presences_pending.clone(),
        );
        let policies = PolicyMetrics::new(&mut registry);
        let decisions = Family::default();
        registry.register("decisions", "Policy decisions by action and verdict", decisions.clone());
        let oauth = Family::default();
        registry.register("oauth", "Answers of the OAuth endpoints by outcome", oauth.clone());
        Self {
            registry,
            requests,
            request_seconds,
            connections,
            handshakes,
            refusals,
            audit_batch,
            audit_seconds,
            back_end_requests,
            back_end_seconds,
            back_end_open,
            lists,
            fraud,
            database,
            withdrawals,
            emergency,
            presences,
            presences_pending,
            decisions,
            policies,
            oauth,
        }
    }

    /// The OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }

    /// A request was answered. `route` is the template, `code` the problem's code or `ok`.
    pub fn request(&self, route: &Arc<str>, status: u16, code: &'static str, duration: Duration) {
        self.requests.get_or_create(&Request { route: Arc::clone(route), status, code }).inc();
        self.request_seconds
            .get_or_create(&Route { route: Arc::clone(route) })
            .observe(duration.as_secs_f64());
    }

    /// A TLS connection was established; it counts as open until the guard is dropped.
    pub fn connection_opened(&self, port: &'static str, resumed: bool) -> OpenConnection {
        let resumed = if resumed { "yes" } else { "no" };
        self.handshakes.get_or_create(&Handshake { port, resumed }).inc();
        let gauge = self.connections.get_or_create_owned(&Port { port });
        gauge.inc();
        OpenConnection(gauge)
    }

    /// A connection was refused before there was a request.
    pub fn connection_refused(&self, port: &'static str, cause: &'static str) {
        self.refusals.get_or_create(&Refusal { port, cause }).inc();
    }

    /// One durable audit commit.
    pub fn audit_committed(&self, events: usize, duration: Duration) {
        self.audit_batch.observe(f64::from(u32::try_from(events).unwrap_or(u32::MAX)));
        self.audit_seconds.observe(duration.as_secs_f64());
    }

    /// A back-end answered (`ok`) or failed (the problem's code).
    pub fn back_end(&self, service: &Arc<str>, outcome: &'static str, duration: Duration) {
        self.back_end_requests.get_or_create(&BackEnd { service: Arc::clone(service), outcome }).inc();
        self.back_end_seconds
            .get_or_create(&Service { service: Arc::clone(service) })
            .observe(duration.as_secs_f64());
    }

    /// A back-end's breaker opened or closed.
    pub fn back_end_resting(&self, service: &Arc<str>, resting: bool) {
        self.back_end_open.get_or_create(&Service { service: Arc::clone(service) }).set(i64::from(resting));
    }

    /// A presence was begun, opened a session, or was refused.
    pub fn presence(&self, outcome: &'static str) {
        self.presences.get_or_create(&Outcome { outcome }).inc();
    }

    /// Challenges that wait for their proof.
    pub fn presences_pending(&self, count: usize) {
        self.presences_pending.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// An OAuth endpoint answered: `ok`, or the code of the refusal.
    pub fn oauth(&self, endpoint: &'static str, outcome: &'static str) {
        self.oauth.get_or_create(&OAuth { endpoint, outcome }).inc();
    }

    /// The policy decided. `action`: `open-session`, `read`, `search` …; `verdict`: `permit` or `deny`.
    pub fn decision(&self, action: &'static str, verdict: &'static str) {
        self.decisions.get_or_create(&Decision { action, verdict }).inc();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A connection that counts as open.
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_every_family_and_ends_as_openmetrics_asks() {
        let metrics = Metrics::new();
        let dossier: Arc<str> = "dossier".into();
        metrics.request(&"/v1/presences".into(), 201, "ok", Duration::from_millis(3));
        let open = metrics.connection_opened("api", true);
        metrics.connection_refused("api", "not-tls");
        metrics.audit_committed(7, Duration::from_millis(1));
        metrics.back_end(&dossier, "back-end-timeout", Duration::from_secs(15));
        metrics.back_end_resting(&dossier, true);
        metrics.list_age("client-crl", Duration::from_secs(60));
        metrics.presence("opened");
        metrics.presences_pending(2);
        metrics.decision("read", "permit");
        let text = metrics.encode();
        for line in [
            r#"bawaba_requests_total{route="/v1/presences",status="201",code="ok"} 1"#,
            r#"bawaba_connections{port="api"} 1"#,
            r#"bawaba_handshakes_total{port="api",resumed="yes"} 1"#,
            r#"bawaba_connections_refused_total{port="api",cause="not-tls"} 1"#,
            r#"bawaba_audit_batch_bucket{le="8.0"} 1"#,
            r#"bawaba_back_end_requests_total{service="dossier",outcome="back-end-timeout"} 1"#,
            r#"bawaba_back_end_resting{service="dossier"} 1"#,
            r#"bawaba_list_age_seconds{list="client-crl"} 60"#,
            r#"bawaba_presences_total{outcome="opened"} 1"#,
            "bawaba_presences_pending 2",
            r#"bawaba_decisions_total{action="read",verdict="permit"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        drop(open);
        assert!(metrics.encode().contains(r#"bawaba_connections{port="api"} 0"#));
    }
}
