//! How old is what the gateway knows of revoked certificates and listed cards?

use std::time::Duration;

use pki::ListFacts;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use time::OffsetDateTime;

use super::Metrics;
use super::labels::{Crl, Fetch, List};

/// Ages and fetches of lists.
pub(super) struct ListMetrics {
    age: Family<List, Gauge>,
    crl_age: Family<Crl, Gauge>,
    crl_overdue: Family<Crl, Gauge>,
    fetches: Family<Fetch, Counter>,
}

impl ListMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let lists = Self {
            age: Family::default(),
            crl_age: Family::default(),
            crl_overdue: Family::default(),
            fetches: Family::default(),
        };
        registry.register_with_unit("list_age", "Age of a list", Unit::Seconds, lists.age.clone());
        let help = "Age of a country signer's revocation list";
        registry.register_with_unit("csca_list_age", help, Unit::Seconds, lists.crl_age.clone());
        let help = "How far a country signer's revocation list is past its next update";
        registry.register_with_unit("csca_list_overdue", help, Unit::Seconds, lists.crl_overdue.clone());
        registry.register("list_fetches", "Fetches of revocation lists by outcome", lists.fetches.clone());
        lists
    }
}

impl Metrics {
    /// How old a list (`client-crl`, `hot-list`) is.
    pub fn list_age(&self, list: &'static str, age: Duration) {
        self.lists.age.get_or_create(&List { list }).set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }

    /// The revocation lists of country signers at that moment, in place of those before.
    pub fn csca_lists(&self, lists: &[ListFacts], at: OffsetDateTime) {
        self.lists.crl_age.clear();
        self.lists.crl_overdue.clear();
        for list in lists {
            let labels = Crl {
                country: list.country.clone(),
                signer: list.signer.as_deref().map(hex::encode).unwrap_or_default(),
                standing: list.standing.as_str(),
            };
            self.lists.crl_age.get_or_create(&labels).set((at - list.this_update).whole_seconds());
            let overdue = (at - list.next_update).whole_seconds().max(0);
            self.lists.crl_overdue.get_or_create(&labels).set(overdue);
        }
    }

    /// A source of revocation lists was asked. `outcome`: `taken`, `unchanged`, or the code of the failure.
    pub fn list_fetched(&self, source: &str, outcome: &'static str) {
        self.lists.fetches.get_or_create(&Fetch { source: source.to_owned(), outcome }).inc();
    }
}
