//! Would anybody still be served?
//!
//! A policy file that parses and type-checks can still deny everything: one `forbid` too wide, one theme forgotten. Such a
//! set is not taken. What is asked here are the most favourable questions there are; a set need permit only one.

use crate::{
    AccessRequest, Acr, Action, CardFacts, ClaimFacts, ClientFacts, ClientKind, ConsentFacts, Facts,
    Interaction, PathwayFacts, PolicyError, PolicySet, Purpose, ReceiptStanding, Service, Stance,
};

/// What the back-ends that a gateway always has are about: one type of each.
const ASKED: [(&str, &str); 3] =
    [("dossier", "Condition"), ("prescription", "MedicationRequest"), ("billing", "Coverage")];

/// Whether some client may open a session and read something with it.
pub(crate) fn usable(set: &PolicySet) -> Result<(), PolicyError> {
    let read = |(service, resource_type): (&str, &str)| Action::Fhir {
        service: Service(service.to_owned()),
        resource_type: resource_type.to_owned(),
        interaction: Interaction::Read,
    };
    if !anybody_may(set, &[Action::OpenSession(CardFacts::FRESH)]) {
        return Err(PolicyError::DeniesEverything("deny a session"));
    }
    if !anybody_may(set, &ASKED.map(read)) {
        return Err(PolicyError::DeniesEverything("deny every record"));
    }
    Ok(())
}

fn anybody_may(set: &PolicySet, actions: &[Action]) -> bool {
    let kinds = ClientKind::ALL.iter();
    let proofs = || Purpose::ALL.iter().flat_map(|why| Acr::ALL.iter().map(move |acr| (*why, *acr)));
    kinds.flat_map(|kind| proofs().map(move |proof| (*kind, proof))).any(|(kind, (purpose, acr))| {
        actions.iter().any(|action| {
            [Facts::default(), favourable()].into_iter().any(|facts| {
                let client = ClientFacts { id: "anybody".to_owned(), kind };
                let action = action.clone();
                set.decide(&AccessRequest { client, action, purpose, acr, dependant: false, facts })
                    .is_permit()
            })
        })
    })
}

/// Nothing stands in the way: the patient agrees and was sent here, and nothing looks wrong.
fn favourable() -> Facts {
    Facts {
        consent: ConsentFacts {
            stance: Stance::Permits,
            linked: true,
            holder: true,
            ..ConsentFacts::default()
        },
        pathway: PathwayFacts { referred: true, ..PathwayFacts::default() },
        claim: Some(ClaimFacts { receipt: ReceiptStanding::Sound, fse: true }),
        ..Facts::default()
    }
}
