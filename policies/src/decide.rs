//! How does Cedar see a request, and what does its answer mean?
//!
//! The principal is the client, typed by what it is registered as; the resource is the back-end, or the
//! gateway itself for a session; everything else is context. No entity is stored but the actions', so a
//! decision looks nothing up.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, PolicySet as CedarPolicies, Request,
    Response, RestrictedExpression, Schema,
};

pub(crate) use crate::names::{Names, entity};
use crate::names::{names, uid};
use crate::slice::Slices;
use crate::{
    AccessDecision, AccessRequest, Acr, Action, CardFacts, CareLevel, ClaimFacts, ClientFacts, ClientKind,
    CoverageScheme, EmergencyFacts, EmergencyReason, Facts, Identified, Interaction, ListFreshness,
    PathwayFacts, PolicyError, PolicySet, Purpose, Reason, ReceiptStanding, RiskFacts, RiskSignal, Service,
    Verdict,
};

/// The policies as Cedar holds them.
pub(crate) struct Cedar {
    authorizer: Authorizer,
    slices: Slices,
    actions: Entities,
}

/// Why something is denied that no policy speaks of.
static NOTHING_PERMITS: LazyLock<Arc<Reason>> = LazyLock::new(|| {
    Arc::new(Reason {
        policy: "default".to_owned(),
        code: "no-rule-permits".to_owned(),
        legal: "loi 09-08, art. 3".to_owned(),
        gateway_at_fault: false,
        told: false,
        fr: "Aucune règle n'autorise cet accès.".to_owned(),
        ar: "لا توجد أي قاعدة تسمح بهذا الولوج.".to_owned(),
        en: "No rule permits this access.".to_owned(),
    })
});

/// Why something is denied that the policies could not judge.
static CANNOT_DECIDE: LazyLock<Arc<Reason>> = LazyLock::new(|| {
    Arc::new(Reason {
        policy: "error".to_owned(),
        code: "cannot-decide".to_owned(),
        legal: "loi 09-08, art. 23".to_owned(),
        gateway_at_fault: false,
        told: false,
        fr: "La décision n'a pas pu être prise ; l'accès est refusé.".to_owned(),
        ar: "تعذر اتخاذ القرار؛ تم رفض الولوج.".to_owned(),
        en: "No decision could be made; access is refused.".to_owned(),
    })
});

impl Cedar {
    /// Takes validated policies, and makes sure that the schema they were validated against describes the
    /// requests that will be asked.
    pub(crate) fn new(schema: &Schema, policies: CedarPolicies) -> Result<Self, PolicyError> {
        for request in probes() {
            let mismatch = |message: String| PolicyError::SchemaMismatch {
                action: request.action.name().to_owned(),
                principal: request.client.kind.as_str().to_owned(),
                message,
            };
            cedar_request(&request, Some(schema)).map_err(mismatch)?;
        }
        let actions = schema.action_entities().map_err(|cause| PolicyError::Invalid(cause.to_string()))?;
        Ok(Self { authorizer: Authorizer::new(), slices: Slices::new(schema, policies)?, actions })
    }

    /// The policies that can have a say in it.
    pub(crate) fn policies_for(&self, request: &Request) -> &CedarPolicies {
        self.slices.of(request)
    }

    /// Whether it would be permitted; one that cannot be judged is not.
    pub(crate) fn permits(&self, request: &Request) -> bool {
        let response = self.authorizer.is_authorized(request, self.slices.of(request), &self.actions);
        response.decision() == Decision::Allow && response.diagnostics().errors().next().is_none()
    }

    fn ask(&self, request: &AccessRequest) -> Option<Response> {
        // Checked against the schema at load, by shape: not again for every request.
        let request = cedar_request(request, None).ok()?;
        Some(self.authorizer.is_authorized(&request, self.slices.of(&request), &self.actions))
    }
}

pub(crate) fn decide(set: &PolicySet, request: &AccessRequest) -> AccessDecision {
    decision(set, set.cedar.ask(request))
}

/// The same from every policy of the set, for comparison.
#[cfg(test)]
pub(crate) fn decide_by_all(set: &PolicySet, request: &AccessRequest) -> AccessDecision {
    let request = cedar_request(request, None).expect("a request");
    decision(
        set,
        Some(set.cedar.authorizer.is_authorized(&request, set.cedar.slices.whole(), &set.cedar.actions)),
    )
}

fn decision(set: &PolicySet, response: Option<Response>) -> AccessDecision {
    let denied = |reason: &LazyLock<Arc<Reason>>, errors| AccessDecision {
        verdict: Verdict::Deny,
        reasons: vec![Arc::clone(reason)],
        obligations: Vec::new(),
        max_age: None,
        policy_hash: Arc::clone(&set.hash),
        errors,
    };
    let Some(response) = response else {
        return denied(&CANNOT_DECIDE, vec!["request".to_owned()]);
    };
    // Cedar skips a policy that fails. A forbid that failed would then not forbid: any failure denies.
    let mut errors: Vec<String> = response
        .diagnostics()
        .errors()
        .map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id().to_string())
        .collect();
    if !errors.is_empty() {
        errors.sort();
        return denied(&CANNOT_DECIDE, errors);
    }
    let mut meanings: Vec<_> =
        response.diagnostics().reason().filter_map(|id| set.meanings.get(id)).collect();
    if meanings.is_empty() {
        return denied(&NOTHING_PERMITS, Vec::new());
    }
    meanings.sort_by(|one, other| one.reason.policy.cmp(&other.reason.policy));
    let reasons = meanings.iter().map(|meaning| Arc::clone(&meaning.reason)).collect();
    let (verdict, obligations, max_age) = match response.decision() {
        Decision::Deny => (Verdict::Deny, BTreeSet::new(), None),
        Decision::Allow => (
            Verdict::Permit,
            meanings.iter().flat_map(|meaning| meaning.obligations.iter().copied()).collect(),
            // The strictest of those that permit: one who asks for a recent proof is not outvoted by one who does not.
            meanings.iter().filter_map(|meaning| meaning.max_age).min(),
        ),
    };
    AccessDecision {
        verdict,
        reasons,
        obligations: obligations.into_iter().collect(),
        max_age,
        policy_hash: Arc::clone(&set.hash),
        errors: Vec::new(),
    }
}

pub(crate) fn cedar_request(request: &AccessRequest, schema: Option<&Schema>) -> Result<Request, String> {
    let names = names()?;
    let mut context = vec![
        ("purpose".to_owned(), entity(&names.purpose, request.purpose.as_str())),
        ("acr".to_owned(), RestrictedExpression::new_long(acr_level(request.acr))),
        ("dependant".to_owned(), RestrictedExpression::new_bool(request.dependant)),
    ];
    if request.action.knows_facts() {
        context.extend(request.facts.attributes(names)?);
    }
    let resource = match &request.action {
        Action::OpenSession(card) => {
            context.push(("revocation".to_owned(), list(card.revocation)?));
            context.push(("hotList".to_owned(), list(card.hot_list)?));
            uid(&names.gateway, "bawaba")
        }
        Action::Fhir { service, resource_type, .. } => {
            context.push(("resourceType".to_owned(), entity(&names.fhir_type, resource_type)));
            uid(&names.service, &service.0)
        }
        Action::Exchange { service } => uid(&names.service, &service.0),
        Action::ExchangeOnward { from, service } => {
            context.push(("from".to_owned(), entity(&names.service, &from.0)));
            uid(&names.service, &service.0)
        }
        Action::BreakGlass(emergency) => {
            context.extend(emergency.attributes(names));
            uid(&names.gateway, "bawaba")
        }
        Action::Consent => {
            context.push(("consent".to_owned(), request.facts.consent.record(names)?));
            uid(&names.gateway, "bawaba")
        }
        Action::Introspect | Action::Eligibility | Action::VerifyReceipts => uid(&names.gateway, "bawaba"),
    };
    let context = Context::from_pairs(context).map_err(|cause| cause.to_string())?;
    let principal = uid(names.principal(request.client.kind), &request.client.id);
    let action = uid(&names.action, request.action.name());
    Request::new(principal, action, resource, context, schema).map_err(|cause| cause.to_string())
}

/// Hours that no list is overdue by, for a list that is not there: whatever a policy compares them with, and even if
/// it forgets to ask whether the list is known, it finds them too many.
const NEVER: i64 = 1_000_000;

/// A list in policies: `{ kept, known, age, overdue }`.
fn list(freshness: ListFreshness) -> Result<RestrictedExpression, String> {
    let (kept, known, age, overdue) = match freshness {
        ListFreshness::NotKept => (false, false, NEVER, NEVER),
        ListFreshness::Unknown => (true, false, NEVER, NEVER),
        ListFreshness::Known { age_hours, overdue_hours } => {
            (true, true, i64::from(age_hours), i64::from(overdue_hours))
        }
    };
    RestrictedExpression::new_record([
        ("kept".to_owned(), RestrictedExpression::new_bool(kept)),
        ("known".to_owned(), RestrictedExpression::new_bool(known)),
        ("age".to_owned(), RestrictedExpression::new_long(age)),
        ("overdue".to_owned(), RestrictedExpression::new_long(overdue)),
    ])
    .map_err(|cause| cause.to_string())
}

/// `context.acr` in policies: a stronger proof is a greater number.
const fn acr_level(acr: Acr) -> i64 {
    match acr {
        Acr::Emergency => 0,
        Acr::Card => 1,
        Acr::Holder => 2,
    }
}

/// One request of every shape: every kind of client with every action.
fn probes() -> impl Iterator<Item = AccessRequest> {
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
