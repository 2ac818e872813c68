//! Which requests must a schema describe?

use crate::{
    AccessRequest, Acr, Action, CardFacts, CareLevel, ClaimFacts, ClientFacts, ClientKind, CoverageScheme,
    EmergencyFacts, EmergencyReason, Facts, Identified, Interaction, PathwayFacts, Purpose, ReceiptStanding,
    RiskFacts, RiskSignal, Service,
};

/// One request of every shape: every kind of client with every action.
pub(crate) fn probes() -> impl Iterator<Item = AccessRequest> {
    let actions = || {
        let fhir = Interaction::ALL.iter().map(|interaction| Action::Fhir {
            service: Service("dossier".to_owned()),
            resource_type: "Patient".to_owned(),
            interaction: *interaction,
        });
        let service = || Service("dossier".to_owned());
        fhir.chain([
            Action::OpenSession(CardFacts::FRESH),
            Action::Exchange { service: service() },
            Action::ExchangeOnward { from: service(), service: service() },
            Action::Introspect,
            Action::Consent,
            Action::BreakGlass(EmergencyFacts {
                identified: Identified::Nothing,
                reason: EmergencyReason::Unconscious,
                left_of_practitioner: 0,
                left_of_establishment: 0,
                reviews_overdue: 0,
            }),
            Action::Eligibility,
            Action::VerifyReceipts,
        ])
    };
    ClientKind::ALL.iter().flat_map(move |kind| {
        actions().map(|action| AccessRequest {
            client: ClientFacts { id: "probe".to_owned(), kind: *kind },
            action,
            purpose: Purpose::Treatment,
            acr: Acr::Card,
            dependant: false,
            facts: everything_known(),
        })
    })
}

/// Facts with nothing left out.
fn everything_known() -> Facts {
    Facts {
        pathway: PathwayFacts {
            scheme: Some(CoverageScheme::Tns),
            level: Some(CareLevel::Primary),
            referred: false,
        },
        claim: Some(ClaimFacts { receipt: ReceiptStanding::None, fse: false }),
        risk: RiskFacts::of(RiskSignal::ALL.to_vec()),
        ..Facts::default()
    }
}
