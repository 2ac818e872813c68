//! Do the shipped policies say what people decided, and are unsound ones refused?

mod consent;
mod emergency;
mod exchange;
mod explain;
mod fraud;
mod freshness;
mod golden;
mod loading;
mod recorded;
mod rules;
mod slices;
mod step_up;

use crate::page::SERVICES;
use crate::{
    AccessRequest, Acr, Action, CardFacts, ClaimFacts, ClientFacts, ClientKind, Facts, Interaction,
    PolicySet, Purpose, ReceiptStanding, Service,
};

fn shipped() -> PolicySet {
    PolicySet::shipped().expect("the shipped policies are sound")
}

fn ask(kind: ClientKind, action: Action, purpose: Purpose, acr: Acr) -> AccessRequest {
    AccessRequest {
        client: ClientFacts { id: format!("{kind}-1"), kind },
        facts: Facts { claim: claims(&action).then_some(SOUND), ..Facts::default() },
        action,
        purpose,
        acr,
        dependant: false,
    }
}

/// A claim with all that it needs.
const SOUND: ClaimFacts = ClaimFacts { receipt: ReceiptStanding::Sound, fse: true };

fn claims(action: &Action) -> bool {
    matches!(action, Action::Fhir { resource_type, interaction: Interaction::Create, .. } if resource_type == "Claim")
}

fn fhir(service: &str, resource_type: &str, interaction: Interaction) -> Action {
    Action::Fhir {
        service: Service(service.to_owned()),
        resource_type: resource_type.to_owned(),
        interaction,
    }
}

fn exchange(service: &str) -> Action {
    Action::Exchange { service: Service(service.to_owned()) }
}

fn onward(from: &str, service: &str) -> Action {
    Action::ExchangeOnward { from: Service(from.to_owned()), service: Service(service.to_owned()) }
}

/// Every question of the grid: who × what × why × under which proof.
fn grid() -> impl Iterator<Item = AccessRequest> {
    let actions = SERVICES.iter().flat_map(|(service, types)| {
        types.iter().flat_map(move |resource_type| {
            Interaction::ALL.iter().map(move |interaction| fhir(service, resource_type, *interaction))
        })
    });
    let exchanges = SERVICES.iter().map(|(service, _)| exchange(service));
    let actions: Vec<Action> =
        actions.chain([Action::OpenSession(CardFacts::FRESH)]).chain(exchanges).collect();
    ClientKind::ALL.iter().flat_map(move |kind| {
        let actions = actions.clone();
        actions.into_iter().flat_map(move |action| {
            Purpose::ALL.iter().flat_map(move |purpose| {
                let action = action.clone();
                Acr::ALL.iter().map(move |acr| ask(*kind, action.clone(), *purpose, *acr))
            })
        })
    })
}
