//! What must a decision know that the request does not say?
//!
//! One place, one line per theme: what is looked up here is passed in to the policies, which look nothing up themselves.

use policies::{Facts, PathwayFacts, RiskFacts};

use crate::app::App;
use crate::audit::AuditEvent;
use crate::fhir::Step;
use crate::refusal::Refusal;
use crate::registry::{Client, Patient};

/// What is known of a patient at an establishment, looked up once for all that a request asks (*faits connus*).
pub(crate) struct Known {
    pathway: PathwayFacts,
    risk: RiskFacts,
}

impl Known {
    /// Looks up what decisions need at the moment of the event. `risk` is the session's.
    pub(crate) async fn of(
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
        Ok(Self { pathway, risk })
    }

    /// The facts of one interaction.
    pub(crate) fn of_step(&self, _step: &Step) -> Facts {
        self.of_service("")
    }

    /// The facts of a back-end as a whole, for a token that its holder brings there: nobody looks at each request again.
    pub(crate) fn of_service(&self, _service: &str) -> Facts {
        Facts { pathway: self.pathway, risk: self.risk.clone(), ..Facts::default() }
    }

    /// The facts of a session that is about to open.
    pub(crate) fn of_opening(&self) -> Facts {
        self.of_service("")
    }
}
