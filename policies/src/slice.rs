//! Which policies can have a say in a request of this kind?
//!
//! A set has policies for every theme, and one request concerns few of them. What kind of client asks, for which
//! action, at which back-end: from these alone Cedar's type checker says of most policies that they can never apply. They
//! are left out once, when the set is loaded, and not at each request.
//!
//! The answer is the same as the whole set's: a policy is left out only where its condition is false whatever the rest
//! of the request says. The tests compare both over the golden page and over requests made at random.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cedar_policy::{
    EntityTypeName, EntityUid, Policy, PolicyId, PolicySet as CedarPolicies, Request, ResourceConstraint,
    Schema,
};

use crate::PolicyError;

/// The policies of a set, cut by what asks, what for, and where (*tranches*).
pub(crate) struct Slices {
    whole: Arc<CedarPolicies>,
    by_shape: HashMap<EntityTypeName, HashMap<EntityUid, ByResource>>,
}

/// The slices of one kind of client and one action.
struct ByResource {
    named: HashMap<EntityUid, Arc<CedarPolicies>>,
    /// For a resource that no scope names.
    other: Arc<CedarPolicies>,
}

impl Slices {
    /// Cuts a set that was validated against `schema`.
    pub(crate) fn new(schema: &Schema, whole: CedarPolicies) -> Result<Self, PolicyError> {
        let policies =
            whole.policies().map(|policy| Cut::new(policy, schema)).collect::<Result<Vec<_>, _>>()?;
        let named: BTreeSet<&EntityUid> = policies.iter().filter_map(|cut| cut.resource.as_ref()).collect();
        // Many shapes are ruled by the same policies: they share one slice.
        let mut made = BTreeMap::new();
        let mut by_shape: HashMap<_, HashMap<_, _>> = HashMap::new();
        for shape in schema.request_envs() {
            let shape = (shape.principal().clone(), shape.action().clone());
            let mut slice = |resource: Option<&EntityUid>| {
                let can_apply = |cut: &&Cut| {
                    cut.shapes.contains(&shape)
                        && (cut.resource.is_none() || cut.resource.as_ref() == resource)
                };
                let cuts: Vec<&Cut> = policies.iter().filter(can_apply).collect();
                let ids: Vec<PolicyId> = cuts.iter().map(|cut| cut.policy.id().clone()).collect();
                if let Some(known) = made.get(&ids) {
                    return Ok(Arc::clone(known));
                }
                let slice = CedarPolicies::from_policies(cuts.iter().map(|cut| cut.policy.clone()))
                    .map_err(|cause| PolicyError::Invalid(cause.to_string()))?;
                let slice = Arc::new(slice);
                made.insert(ids, Arc::clone(&slice));
                Ok(slice)
            };
            let of_named = named.iter().map(|uid| Ok(((*uid).clone(), slice(Some(uid))?)));
            let named = of_named.collect::<Result<_, PolicyError>>()?;
            let other = slice(None)?;
            by_shape.entry(shape.0).or_default().insert(shape.1, ByResource { named, other });
        }
        Ok(Self { whole: Arc::new(whole), by_shape })
    }

    /// The policies to ask: those that can apply, or all where the schema does not know such a request.
    pub(crate) fn of(&self, request: &Request) -> &CedarPolicies {
        self.find(request).unwrap_or(&self.whole)
    }

    /// All of them.
    #[cfg(test)]
    pub(crate) fn whole(&self) -> &CedarPolicies {
        &self.whole
    }

    fn find(&self, request: &Request) -> Option<&CedarPolicies> {
        let actions = self.by_shape.get(request.principal()?.type_name())?;
        let slices = actions.get(request.action()?)?;
        Some(slices.named.get(request.resource()?).unwrap_or(&slices.other))
    }
}

/// One policy, and the requests that it can apply to.
struct Cut {
    policy: Policy,
    shapes: BTreeSet<(EntityTypeName, EntityUid)>,
    /// The one resource of its scope; none: any.
    resource: Option<EntityUid>,
}

impl Cut {
    fn new(policy: &Policy, schema: &Schema) -> Result<Self, PolicyError> {
        let shapes = policy
            .get_valid_request_envs(schema)
            .map(|shape| (shape.principal().clone(), shape.action().clone()))
            .collect();
        let resource = match policy.resource_constraint() {
            // No entity is stored but actions, so being in a resource is being that resource.
            ResourceConstraint::Eq(uid) | ResourceConstraint::In(uid) => Some(uid),
            ResourceConstraint::Any | ResourceConstraint::Is(_) | ResourceConstraint::IsIn(..) => None,
        };
        // Without the places of its text, which Cedar would carry through every step of every decision.
        let bare =
            policy.to_json().map_err(|cause| PolicyError::Invalid(cause.to_string())).and_then(|json| {
                Policy::from_json(Some(policy.id().clone()), json)
                    .map_err(|cause| PolicyError::Invalid(cause.to_string()))
            })?;
        Ok(Self { policy: bare, shapes, resource })
    }
}
