//! What must a decision know that the request does not say?
//!
//! One place, one line per theme: what is looked up here is passed in to the policies, which look nothing up themselves.

use std::sync::Arc;

use policies::{Acr, ConsentFacts, Facts, PathwayFacts, Purpose, RiskFacts};
use uuid::Uuid;

use crate::app::App;
use crate::audit::AuditEvent;
use crate::consent::{Hidden, Rules};
use crate::fhir::Step;
use crate::fhir::answer::Hides;
use crate::refusal::Refusal;
use crate::registry::{Client, Patient};

/// What is known of a patient at an establishment, looked up once for all that a request asks (*faits connus*).
pub(crate) struct Known {
    /// What the patient said to whom asks so; nothing before there is a session.
    consent: Option<(Arc<Rules>, Asking)>,
    pathway: PathwayFacts,
    risk: RiskFacts,
}

/// As what a session asks.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    /// Why.
    pub(crate) purpose: Purpose,
    /// On which proof.
    pub(crate) acr: Acr,
}

impl Known {
    /// Looks up what decisions about a session's requests need at the moment of the event. `risk` is the session's.
    pub(crate) async fn of(
        app: &App,
        client: &Client,
        patient: &Patient,
        (asking, risk): (Asking, RiskFacts),
        event: &AuditEvent,
    ) -> Result<Self, Refusal> {
        let rules = async { Ok(app.consents.rules(&patient.subject, client, event.at).await?) };
        let before = Self::before_session(app, client, patient, risk, event);
        let (rules, before) = tokio::try_join!(rules, before)?;
        Ok(Self { consent: Some((rules, asking)), ..before })
    }

    /// The same, before there is a session: no consent speaks of opening one.
    pub(crate) async fn before_session(
        app: &App,
        client: &Client,
        patient: &Patient,
        risk: RiskFacts,
        event: &AuditEvent,
    ) -> Result<Self, Refusal> {
        let pathway = PathwayFacts {
            scheme: Some(patient.coverage.scheme),
            level: client.site.level,
            referred: app.referrals.refer_to(client, &patient.subject, event.at).await?,
        };
        let pin = risk != RiskFacts::default() && app.trust.holders().is_some();
        Ok(Self { consent: None, pathway, risk: RiskFacts { pin, ..risk } })
    }

    /// With what was seen since the session opened: the worse of both counts.
    pub(crate) fn with_risk(self, app: &App, seen: RiskFacts) -> Self {
        let mut risk = self.risk;
        risk.score = risk.score.max(seen.score);
        risk.quarantined |= seen.quarantined;
        let more =
            seen.signals.into_iter().filter(|signal| !risk.signals.contains(signal)).collect::<Vec<_>>();
        risk.signals.extend(more);
        risk.pin = risk != RiskFacts::default() && app.trust.holders().is_some();
        Self { risk, ..self }
    }

    /// The patient's consents for whoever asks, and as what they ask.
    pub(crate) fn consent(&self) -> Option<(&Arc<Rules>, Asking)> {
        self.consent.as_ref().map(|(rules, asking)| (rules, *asking))
    }

    /// Which consent decides one interaction, for its back-end to know.
    pub(crate) fn consent_for(&self, step: &Step) -> Option<Uuid> {
        let (rules, Asking { purpose, .. }) = self.consent()?;
        rules.id_for(step.resource_type, purpose, None)
    }

    /// What of an answer is hidden from whoever asks.
    pub(crate) fn hides(&self) -> Option<Arc<dyn Hides>> {
        let (rules, Asking { purpose, .. }) = self.consent()?;
        Some(Arc::new(rules.hidden(purpose, None)?))
    }

    /// The facts of one interaction.
    pub(crate) fn of_step(&self, step: &Step) -> Facts {
        self.facts(|rules, purpose| rules.facts(step.resource_type, purpose, None))
    }

    /// The facts of a back-end as a whole, for a token that its holder brings there: nobody looks at each request again.
    pub(crate) fn of_service(&self, _service: &str, practitioner: Option<&str>) -> Facts {
        self.facts(|rules, purpose| rules.facts_of_everything(purpose, practitioner))
    }

    /// The facts of a session that is about to open.
    pub(crate) fn of_opening(&self) -> Facts {
        self.facts(|_, _| ConsentFacts::default())
    }

    fn facts(&self, consent: impl FnOnce(&Rules, Purpose) -> ConsentFacts) -> Facts {
        let consent = self.consent().map(|(rules, Asking { purpose, acr })| {
            let facts = consent(rules, purpose);
            // A session that rests on a presence is the link itself.
            ConsentFacts { linked: facts.linked || acr >= Acr::Card, ..facts }
        });
        Facts {
            consent: consent.unwrap_or_default(),
            pathway: self.pathway,
            risk: self.risk.clone(),
            ..Facts::default()
        }
    }
}

impl Hides for Hidden {
    fn hides(&self, resource_type: &str, labels: &[(&str, &str)]) -> bool {
        Self::hides(self, resource_type, labels.iter().copied())
    }
}
