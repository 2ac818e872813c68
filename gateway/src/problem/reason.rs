//! Which rule said no, in the words of its author?

use std::borrow::Cow;

/// One reason of a refusal by policy (motif), as the policy's author wrote it in three languages.
///
/// The texts come from the operator's policy files, never from a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProblemReason {
    /// The stable code of the reason, kebab-case.
    pub code: Cow<'static, str>,
    /// In French.
    pub fr: Cow<'static, str>,
    /// In Arabic.
    pub ar: Cow<'static, str>,
    /// In English.
    pub en: Cow<'static, str>,
}
