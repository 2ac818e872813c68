//! What is the service made of? The composition root.

mod measured;

use std::sync::Arc;

use hsm_config::{HsmError, LiveKeys, OpenKeys, Signer};

use crate::audit::{Audit, AuditError, AuditStore};
use crate::clock::{Clock, SharedClock, SystemClock};
use crate::config::{BackEndConfig, Config, PatientIdentifier};
use crate::consent::Consents;
use crate::decisions::{self, Decisions, KeptError};
use crate::dpop::Proofs;
use crate::eligibility::Remembered;
use crate::fraud::Fraud;
use crate::keys::{KeysStanding, WaitingAside};
use crate::metrics::Metrics;
use crate::presence::PendingPresences;
use crate::proxy::{self, Proxy, ProxyConfigError};
use crate::rate::{RateLimit, RateLimits};
use crate::referral::Referrals;
use crate::registry::{Patient, Registry, RegistryError, SUBJECT_AUDIENCE};
use crate::state::{self, SharedState, StateOpenError};
use crate::status::StatusLists;
use crate::store::{Store, StoreError};
use crate::tally::Tally;
use crate::token::{TokenError, Tokens};
use crate::trust::hot_list::HotLists;
use crate::trust::{Trust, TrustError};
use crate::unproven::UnprovenCallers;
use crate::withdrawal::Withdrawals;
use measured::Measured;

/// Everything a request may need, wired once.
pub struct App {
    /// What the operator asked for.
    pub config: Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The same, where it is the database's.
    pub shared_clock: Option<Arc<SharedClock>>,
    /// Where registry and log are kept.
    pub store: Store,
    /// Who is this?
    pub registry: Registry,
    /// What did patients agree to?
    pub consents: Consents,
    /// What was withdrawn before its time?
    pub withdrawals: Arc<Withdrawals>,
    /// What back-ends that ask nobody are told of it.
    pub status: Arc<StatusLists>,
    /// Who was sent where.
    pub referrals: Referrals,
    /// The log without which there is no answer.
    pub audit: Audit,
    /// Every key, wherever it lives.
    pub signer: Arc<dyn Signer>,
    /// Whether keys that live in a module could be used at the last trial.
    pub keys: Arc<KeysStanding>,
    /// The key file behind all signatures, where there is one; it may change at any time.
    pub key_file: Option<Arc<LiveKeys>>,
    /// Tokens, receipts, pseudonyms.
    pub tokens: Arc<Tokens>,
    /// The policies in force.
    pub policies: Arc<Decisions>,
    /// Whom we believe.
    pub trust: Arc<Trust>,
    /// Which cards were reported lost or stolen.
    pub hot_list: Arc<HotLists>,
    /// The way to the back-ends.
    pub proxy: Proxy,
    /// What all nodes remember for a while.
    pub state: Arc<dyn SharedState>,
    /// What clients without a certificate prove.
    pub proofs: Proofs,
    /// Refusals of callers that proved nothing.
    pub unproven: UnprovenCallers,
    /// What looks wrong at the counters.
    pub fraud: Fraud,
    /// Challenges that wait for their chip.
    pub presences: PendingPresences,
    /// How often each client may ask.
    pub rate: RateLimit,
    /// What CNSS said a moment ago.
    pub eligibility: Remembered,
    /// What each establishment did.
    pub tally: Tally,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// What a test puts in the place of the real thing. Everything else stays real.
#[derive(Default)]
pub struct Overrides {
    /// Another clock, for all that is told the time.
    pub clock: Option<Arc<dyn Clock>>,
    /// Another clock of the machine, from which a node on PostgreSQL does not tell the time.
    pub own_clock: Option<Arc<dyn Clock>>,
    /// Something around the real audit store, such as one that fails on demand.
    pub audit_store: Option<AuditStoreWrapper>,
}

/// Puts something around an audit store.
pub type AuditStoreWrapper = Box<dyn FnOnce(Arc<dyn AuditStore>) -> Arc<dyn AuditStore> + Send>;

/// Why the service cannot be built. All of them are the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The key file.
    #[error(transparent)]
    Keys(#[from] HsmError),
    /// The log.
    #[error("the audit log takes no events: {0}")]
    Audit(#[from] AuditError),
    /// The policies.
    #[error("policies: {0}")]
    Policies(#[from] KeptError),
    /// The back-ends.
    #[error(transparent)]
    Proxy(#[from] ProxyConfigError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What all nodes share.
    #[error(transparent)]
    State(#[from] StateOpenError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Certificates and revocation lists.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

impl App {
    /// The service as configured.
    pub async fn build(config: Config) -> Result<Arc<Self>, BuildError> {
        Self::build_with(config, Overrides::default()).await
    }

    /// The service with some parts replaced, for tests.
    pub async fn build_with(config: Config, overrides: Overrides) -> Result<Arc<Self>, BuildError> {
        let store = Store::open(&config.store).await?;
        let own = overrides.own_clock.unwrap_or_else(|| Arc::new(SystemClock));
        let shared_clock = match (&overrides.clock, &store) {
            (None, Store::Postgres(_)) => Some(Arc::new(shared_clock(own.clone(), &store).await?)),
            _ => None,
        };
        let shared = shared_clock.clone().map(|shared| shared as Arc<dyn Clock>);
        let clock = overrides.clock.or(shared).unwrap_or(own);
        let OpenKeys { signer, file: key_file } = hsm_config::open(&config.keys, clock.now())?;
        let signer: Arc<dyn Signer> = Arc::new(WaitingAside::new(signer));
        let tokens = Arc::new(Tokens::new(signer.clone(), config.issuer.clone(), config.issuer.clone()));
        let trust = Arc::new(Trust::load(&config.trust, &config.tls, clock.clone())?);
        let metrics = Arc::new(Metrics::new());
        let back_ends = config.back_ends.values().map(back_end).collect::<Result<_, TrustError>>()?;
        let proxy = Proxy::new(back_ends, Some(metrics.clone()))?;
        let key_check = crate::trust::hot_list::key_check(signer.as_ref())?;
        let hot_list = HotLists::open(config.trust.hot_list.clone(), key_check, clock.clone());
        let registry =
            Registry::open(store.clone(), signer.clone(), tokens.clone(), SUBJECT_AUDIENCE.to_owned())
                .await?;
        let withdrawals =
            Withdrawals::open(store.clone(), tokens.clone(), metrics.clone(), clock.now()).await?;
        let referrals = Referrals::new(store.clone());
        let status = StatusLists::open(store.clone()).await?;
        let consents = Consents::open(store.clone(), config.limits.therapeutic_link);
        let mut log = store.audit();
        if let Some(wrap) = overrides.audit_store {
            log = wrap(log);
        }
        let audit = Audit::start(Arc::new(Measured::new(log, metrics.clone())));
        let decisions = decisions::open(&config.policies, &store, clock.now()).await?;
        if let Some(event) = decisions.refused {
            let _recorded = audit.record(event).await?;
        }
        let state = state::open(&config.state, clock.clone())?;
        let fraud = Fraud::new(&registry)?;
        let proofs = Proofs::new(signer.clone(), state.clone());
        let presences = PendingPresences::new(state.clone(), signer.clone(), trust.clone(), clock.now())?;
        let rate = RateLimit::new(RateLimits {
            per_second: config.limits.requests_per_second,
            burst: config.limits.requests_burst,
            ..RateLimits::default()
        });
        let tally = Tally::new(store.clone());
        Ok(Arc::new(Self {
            config,
            clock,
            shared_clock,
            store,
            registry,
            consents,
            withdrawals: Arc::new(withdrawals),
            referrals,
            status: Arc::new(status),
            audit,
            signer,
            keys: Arc::default(),
            key_file,
            tokens,
            policies: Arc::new(decisions.decisions),
            trust,
            hot_list: Arc::new(hot_list),
            proxy,
            state,
            proofs,
            unproven: UnprovenCallers::default(),
            fraud,
            presences,
            rate,
            eligibility: Remembered::new(),
            tally,
            metrics,
        }))
    }

    /// The name by which a back-end knows a patient: a pseudonym of its own, unless the operator lets it know
    /// the identifiant santé.
    pub(crate) fn pseudonym_at(
        &self,
        back_end: &BackEndConfig,
        patient: &Patient,
    ) -> Result<String, TokenError> {
        match back_end.patient_identifier {
            PatientIdentifier::HealthId => Ok(patient.health_id.expose().to_owned()),
            PatientIdentifier::Pairwise => {
                self.tokens.pairwise_subject(&back_end.audience, patient.health_id.expose())
            }
        }
    }
}

/// The clock of the database, from its first reading.
async fn shared_clock(own: Arc<dyn Clock>, store: &Store) -> Result<SharedClock, StoreError> {
    // The first question pays for the connection; the second is a measure.
    store.ping().await?;
    let asked = std::time::Instant::now();
    let told = store.now().await?;
    Ok(SharedClock::set(own, told, asked, asked.elapsed()))
}

/// What the proxy needs to know of a back-end.
fn back_end(config: &BackEndConfig) -> Result<proxy::BackEndConfig, TrustError> {
    Ok(proxy::BackEndConfig {
        name: config.service.clone(),
        url: config.url.to_string(),
        authorities: crate::trust::certificates(&config.ca)?,
        identity: None,
        http2: false,
        bounds: proxy::BackEndBounds::default(),
    })
}
