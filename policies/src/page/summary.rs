//! What do permits oblige to, and what are the refused told?

use std::collections::{BTreeMap, BTreeSet};

use super::{Cell, Page, SERVICES, cells, what};
use crate::{Acr, Action, ClientKind, Purpose};

/// What a permit obliges to, and how recent a proof it wants.
pub(super) fn duties(page: &mut Page<'_>) {
    let mut duties: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Cell { request, decision } in cells(page.set) {
        let mut duty: Vec<String> =
            decision.obligations().iter().map(|obligation| obligation.as_str().to_owned()).collect();
        duty.extend(decision.max_age().map(|age| format!("proof of the last {} s", age.as_secs())));
        if decision.is_permit() && !duty.is_empty() {
            duties.entry(what(&request.action)).or_default().insert(duty.join(", "));
        }
    }
    page.line("");
    page.line("duties of the permits");
    for (what, duties) in duties {
        let duties: Vec<String> = duties.into_iter().collect();
        page.line(&format!("{what:<39} {}", duties.join("; or ")));
    }
}

/// What a refused counter is told, by kind, place and purpose.
pub(super) fn refusals(page: &mut Page<'_>) {
    let mut codes: BTreeMap<(usize, usize, Purpose), BTreeSet<String>> = BTreeMap::new();
    for Cell { request, decision } in cells(page.set) {
        let Action::Fhir { service, .. } = &request.action else { continue };
        let kind = ClientKind::ALL.iter().position(|kind| *kind == request.client.kind);
        let place = SERVICES.iter().position(|(name, _)| *name == service.0);
        let (Some(kind), Some(place)) = (kind, place) else { continue };
        let told = codes.entry((kind, place, request.purpose)).or_default();
        if request.acr == Acr::Card && !decision.is_permit() {
            told.extend(decision.reasons().iter().map(|reason| reason.code.clone()));
        }
    }
    page.line("");
    page.line("reasons of the refusals");
    for ((kind, place, purpose), codes) in codes {
        let (Some(kind), Some((service, _))) = (ClientKind::ALL.get(kind), SERVICES.get(place)) else {
            continue;
        };
        let codes: Vec<String> = codes.into_iter().collect();
        page.line(&format!("{:<39} {}", format!("{kind} {service} {purpose}"), codes.join(", ")));
    }
}
