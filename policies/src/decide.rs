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

use quick_cache::sync::Cache;

pub(crate) use crate::names::{Names, entity};
use crate::names::{names, uid};
use crate::probes::probes;
use crate::slice::Slices;
use crate::{
    AccessDecision, AccessRequest, Acr, Action, ClientFacts, ClientKind, ListFreshness, PolicyError,
    PolicySet, Reason, Verdict,
};

/// The policies as Cedar holds them.
pub(crate) struct Cedar {
    authorizer: Authorizer,
    slices: Slices,
    actions: Entities,
    contexts: Cache<AccessRequest, Context>,
}

/// Circumstances of which Cedar's form is kept, some 2 KiB each: a country asks a few hundred kinds of questions.
const CONTEXTS_KEPT: usize = 2_048;

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
        let contexts = Cache::new(CONTEXTS_KEPT);
        Ok(Self { authorizer: Authorizer::new(), slices: Slices::new(schema, policies)?, actions, contexts })
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
        let request = with_context(request, self.context(request)?, None).ok()?;
        Some(self.authorizer.is_authorized(&request, self.slices.of(&request), &self.actions))
    }

    /// The same circumstances come from thousands of establishments: Cedar's form of them is made once.
    fn context(&self, request: &AccessRequest) -> Option<Context> {
        let circumstances = AccessRequest {
            client: ClientFacts { id: String::new(), kind: ClientKind::Pharmacy },
            action: request.action.clone(),
            purpose: request.purpose,
            acr: request.acr,
            dependant: request.dependant,
            facts: request.facts.clone(),
        };
        if let Some(known) = self.contexts.get(&circumstances) {
            return Some(known);
        }
        let made = context(request).ok()?;
        self.contexts.insert(circumstances, made.clone());
        Some(made)
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

/// A request in Cedar's words.
pub(crate) fn cedar_request(request: &AccessRequest, schema: Option<&Schema>) -> Result<Request, String> {
    with_context(request, context(request)?, schema)
}

fn with_context(
    request: &AccessRequest,
    context: Context,
    schema: Option<&Schema>,
) -> Result<Request, String> {
    let names = names()?;
    let principal = uid(names.principal(request.client.kind), &request.client.id);
    let action = uid(&names.action, request.action.name());
    let resource = match &request.action {
        Action::Fhir { service, .. }
        | Action::Exchange { service }
        | Action::ExchangeOnward { service, .. } => uid(&names.service, &service.0),
        Action::OpenSession(_)
        | Action::Introspect
        | Action::Consent
        | Action::BreakGlass(_)
        | Action::Eligibility
        | Action::VerifyReceipts => uid(&names.gateway, "bawaba"),
    };
    Request::new(principal, action, resource, context, schema).map_err(|cause| cause.to_string())
}

/// Everything about a request but who asks, for which action, and where.
fn context(request: &AccessRequest) -> Result<Context, String> {
    let names = names()?;
    let mut context = vec![
        ("purpose".to_owned(), entity(&names.purpose, request.purpose.as_str())),
        ("acr".to_owned(), RestrictedExpression::new_long(acr_level(request.acr))),
        ("dependant".to_owned(), RestrictedExpression::new_bool(request.dependant)),
    ];
    if request.action.knows_facts() {
        context.extend(request.facts.attributes(names)?);
    }
    match &request.action {
        Action::OpenSession(card) => {
            context.push(("revocation".to_owned(), list(card.revocation)?));
            context.push(("hotList".to_owned(), list(card.hot_list)?));
        }
        Action::Fhir { resource_type, .. } => {
            context.push(("resourceType".to_owned(), entity(&names.fhir_type, resource_type)));
        }
        Action::ExchangeOnward { from, .. } => {
            context.push(("from".to_owned(), entity(&names.service, &from.0)));
        }
        Action::BreakGlass(emergency) => context.extend(emergency.attributes(names)),
        Action::Consent => context.push(("consent".to_owned(), request.facts.consent.record(names)?)),
        Action::Exchange { .. } | Action::Introspect | Action::Eligibility | Action::VerifyReceipts => {}
    }
    Context::from_pairs(context).map_err(|cause| cause.to_string())
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
