//! Is the answer of a slice the answer of the whole set?

use proptest::prelude::*;
use proptest::sample::select;

use super::{SERVICES, grid, shipped};
use crate::decide::decide_by_all;
use crate::set::testing::with_policy;
use crate::{
    AccessRequest, Acr, Action, CardFacts, CareLevel, ClaimFacts, ClientFacts, ClientKind, ConsentFacts,
    CoverageScheme, EmergencyFacts, EmergencyReason, Facts, Identified, Interaction, ListFreshness,
    PathwayFacts, PolicySet, Purpose, ReceiptStanding, RiskFacts, RiskSignal, Service, Stance,
};

fn assert_same(set: &PolicySet, request: &AccessRequest) {
    let (slice, whole) = (set.decide(request), decide_by_all(set, request));
    assert_eq!(format!("{slice:?}"), format!("{whole:?}"), "{request:?}");
}

#[test]
fn every_question_of_the_grid_has_one_answer() {
    let set = shipped();
    for request in grid() {
        assert_same(&set, &request);
    }
}

/// Policies of shapes that the shipped ones do not have: named clients, lists of actions, resources within others.
#[test]
fn whatever_a_policy_is_about_it_is_asked_where_it_applies() {
    let drafts = [
        "forbid (principal == Bawaba::Clinic::\"clinic-1\", action, resource);",
        "forbid (principal in Bawaba::Hospital::\"hospital-1\", action, resource);",
        "forbid (principal is Bawaba::Pharmacy, action in [Bawaba::Action::\"fhir\", Bawaba::Action::\"exchange\"], resource);",
        "forbid (principal, action, resource in Bawaba::Service::\"billing\");",
        "forbid (principal, action, resource is Bawaba::Gateway);",
        "forbid (principal, action, resource) when { principal is Bawaba::Cnss };",
        "forbid (principal, action, resource) unless { action in Bawaba::Action::\"fhir\" || principal is Bawaba::Clinic };",
        "permit (principal, action == Bawaba::Action::\"delete\", resource is Bawaba::Service in Bawaba::Service::\"dossier\");",
        "permit (principal, action, resource) when { context has claim && context.claim.fse };",
    ];
    for draft in drafts {
        let set = with_policy("a-draft", draft);
        let asked_of = |request: &AccessRequest| {
            let said = format!("{:?}", decide_by_all(&set, request));
            said.contains("a-draft")
        };
        assert!(
            grid().any(|request| asked_of(&request)) || draft.contains("claim") || draft.contains("delete"),
            "{draft}"
        );
        for request in grid() {
            assert_same(&set, &request);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_request_made_at_random_has_one_answer(request in requests()) {
        thread_local!(static SET: PolicySet = shipped());
        SET.with(|set| assert_same(set, &request));
    }
}

/// Anything that can be asked, of services and types that exist and of some that do not.
pub(super) fn requests() -> impl Strategy<Value = AccessRequest> {
    let who = (select(ClientKind::ALL), select(vec!["clinic-1", "hospital-1", "nobody"]));
    let why = (select(Purpose::ALL), select(Acr::ALL), any::<bool>());
    (who, actions(), why, facts()).prop_map(|((kind, id), action, (purpose, acr, dependant), facts)| {
        let client = ClientFacts { id: id.to_owned(), kind };
        AccessRequest { client, action, purpose, acr, dependant, facts }
    })
}

fn services() -> impl Strategy<Value = Service> {
    select(vec!["dossier", "prescription", "billing", "imaging"]).prop_map(|name| Service(name.to_owned()))
}

fn actions() -> impl Strategy<Value = Action> {
    let types = SERVICES.iter().flat_map(|(_, types)| types.iter().copied()).chain(["Person"]);
    let fhir = (services(), select(types.collect::<Vec<_>>()), select(Interaction::ALL)).prop_map(
        |(service, resource_type, interaction)| Action::Fhir {
            service,
            resource_type: resource_type.to_owned(),
            interaction,
        },
    );
    let card = (lists(), lists()).prop_map(|(revocation, hot_list)| CardFacts { revocation, hot_list });
    let glass = (select(Identified::ALL), select(EmergencyReason::ALL), 0..2_u32, 0..2_u32, 0..2_u32);
    prop_oneof![
        4 => fhir,
        2 => card.prop_map(Action::OpenSession),
        1 => services().prop_map(|service| Action::Exchange { service }),
        1 => (services(), services()).prop_map(|(from, service)| Action::ExchangeOnward { from, service }),
        1 => select(vec![Action::Introspect, Action::Consent, Action::Eligibility, Action::VerifyReceipts]),
        1 => glass.prop_map(|(identified, reason, practitioner, establishment, overdue)| {
            Action::BreakGlass(EmergencyFacts {
                identified,
                reason,
                left_of_practitioner: practitioner,
                left_of_establishment: establishment,
                reviews_overdue: overdue,
            })
        }),
    ]
}

fn lists() -> impl Strategy<Value = ListFreshness> {
    let known = (0..200_u32, 0..200_u32)
        .prop_map(|(age_hours, overdue_hours)| ListFreshness::Known { age_hours, overdue_hours });
    prop_oneof![Just(ListFreshness::NotKept), Just(ListFreshness::Unknown), Just(ListFreshness::FRESH), known]
}

fn facts() -> impl Strategy<Value = Facts> {
    let consent = (select(Stance::ALL), any::<bool>(), any::<bool>(), any::<bool>());
    let pathway = (
        proptest::option::of(select(CoverageScheme::ALL)),
        proptest::option::of(select(CareLevel::ALL)),
        any::<bool>(),
    );
    let claim = proptest::option::of((select(ReceiptStanding::ALL), any::<bool>()));
    let signals = proptest::sample::subsequence(RiskSignal::ALL, 0..=1);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let risk = (prop_oneof![3 => Just(0_u8), 1 => 0..=100_u8], signals, flags);
    (consent, pathway, claim, risk).prop_map(
        |(consent, (scheme, level, referred), claim, (score, signals, (quarantined, unknown, pin)))| {
            let (stance, linked, holder, hides) = consent;
            Facts {
                consent: ConsentFacts { stance, linked, holder, hides },
                pathway: PathwayFacts { scheme, level, referred },
                claim: claim.map(|(receipt, fse)| ClaimFacts { receipt, fse }),
                risk: RiskFacts { score, signals, quarantined, unknown, pin },
            }
        },
    )
}
