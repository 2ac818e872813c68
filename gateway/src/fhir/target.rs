//! What do method and path mean? FHIR R4 section 3.1.0.

mod body;
mod path;
mod shape;

use http::Method;
use policies::Interaction;

use super::operation::Operation;
use super::resource::{About, ResourceType};
use super::{FhirError, PatientNames, Step};

pub use body::BodyKind;
pub(crate) use shape::is_id;

/// What follows the service in the path, understood (*cible*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    shape: Shape<'a>,
    body: BodyKind,
}

/// The forms of FHIR paths that are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape<'a> {
    /// `POST /`: a batch or transaction.
    Base,
    /// `POST /Type`.
    Create { of: &'static ResourceType },
    /// `PUT|PATCH|DELETE /Type?…`: whichever is found (sections 3.1.0.4.3, 3.1.0.5.2, 3.1.0.7.1).
    Conditional { of: &'static ResourceType, interaction: Interaction, patch: bool },
    /// `GET /Owner/{id}/Type` or `POST /Owner/{id}/Type/_search`: search in a compartment.
    Compartment { owner: &'static ResourceType, id: &'a str, of: &'static ResourceType, form: bool },
    /// `GET|PUT|PATCH|DELETE /Type/{id}`, `GET /Type/{id}/_history[/{version}]`.
    Instance {
        of: &'static ResourceType,
        id: &'a str,
        history: Option<Option<&'a str>>,
        interaction: Interaction,
        patch: bool,
    },
    /// `GET|POST /Type/{id}/$operation` or `GET /Type/$operation`.
    Operation { what: &'static Operation, of: &'static ResourceType, id: Option<&'a str>, post: bool },
    /// `GET /Type?…` or `POST /Type/_search`.
    Search { of: &'static ResourceType, form: bool },
}

impl<'a> Target<'a> {
    /// Understands method and path. `path` is what follows `/{service}`, still percent-encoded; the edge has
    /// refused dot segments and encoded slashes. `content_type` tells a FHIR Binary from raw bytes.
    pub fn parse(method: &Method, path: &'a str, content_type: Option<&str>) -> Result<Self, FhirError> {
        let shape = shape::read(method, path)?;
        let body = body::of(&shape, content_type)?;
        Ok(Self { shape, body })
    }

    /// How the body is to be treated.
    #[must_use]
    pub fn body(&self) -> BodyKind {
        self.body
    }

    /// Type and interaction; for a Bundle, its own creation, which the entries replace.
    #[must_use]
    pub fn step(&self) -> Step {
        let interaction = match &self.shape {
            Shape::Base | Shape::Operation { .. } => Interaction::Operation,
            Shape::Create { .. } => Interaction::Create,
            Shape::Compartment { .. } | Shape::Search { .. } => Interaction::Search,
            Shape::Instance { interaction, .. } | Shape::Conditional { interaction, .. } => *interaction,
        };
        Step { resource_type: self.resource_type().map_or("Bundle", |of| of.name), interaction }
    }

    /// The resource type that is asked about; none for a Bundle.
    pub(super) fn resource_type(&self) -> Option<&'static ResourceType> {
        match &self.shape {
            Shape::Base => None,
            Shape::Create { of }
            | Shape::Conditional { of, .. }
            | Shape::Compartment { of, .. }
            | Shape::Instance { of, .. }
            | Shape::Operation { of, .. }
            | Shape::Search { of, .. } => Some(of),
        }
    }

    /// The id that a body must have: that of the path.
    pub(super) fn instance_id(&self) -> Option<&str> {
        match &self.shape {
            Shape::Instance { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Which parameters the query may have.
    pub(super) fn takes(&self) -> Takes {
        match &self.shape {
            Shape::Search { form, .. } | Shape::Compartment { form, .. } => {
                // A form is narrowed where its parameters are; its query is looked at all the same.
                if *form { Takes::Search } else { Takes::NarrowedSearch }
            }
            Shape::Conditional { .. } => Takes::Criteria,
            Shape::Operation { what, .. } => Takes::Operation(what),
            _ => Takes::Shape,
        }
    }

    /// Whether it creates by `POST`, the one interaction that `If-None-Exist` is for.
    pub(super) fn creates(&self) -> bool {
        matches!(self.shape, Shape::Create { .. })
    }

    /// Whether the answer holds more than what is named.
    pub(super) fn is_linked(&self) -> bool {
        matches!(self.shape, Shape::Operation { what, .. } if what.linked)
    }

    /// Whether it is raw bytes about a patient, who is then said in a header (section 2.44.7, X-Security-Context).
    #[must_use]
    pub fn is_raw(&self) -> bool {
        self.body == BodyKind::Stream
    }
}

/// Which parameters a query may have.
pub(super) enum Takes {
    /// Those that shape the answer.
    Shape,
    /// Those of a search, narrowed elsewhere.
    Search,
    /// Those of a search, narrowed here.
    NarrowedSearch,
    /// Those of a search that choose what is changed, narrowed here.
    Criteria,
    /// Those of the operation.
    Operation(&'static Operation),
}
