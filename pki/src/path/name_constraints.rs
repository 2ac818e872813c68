//! For which names may this authority vouch? (RFC 5280 §4.2.1.10)

use super::budget::Meter;
use super::general_name::GeneralName;
use super::{PathReason, extensions::Read};
use crate::PkiError;
use crate::asn1::{Element, constructed};
use der::Tag;
use std::collections::BTreeMap;

const WHAT: &str = "name constraints";

/// Permitted and excluded subtrees of one authority (contraintes de nommage).
#[derive(Clone)]
pub(super) struct NameConstraints {
    permitted: Subtrees,
    excluded: Subtrees,
}

/// By form: a name is compared with those of its own form alone, and each comparison is paid for.
type Subtrees = BTreeMap<u32, Vec<GeneralName>>;

impl NameConstraints {
    /// Reads the extension's value. An octet string can hold no more subtrees than the certificate has octets.
    pub(super) fn read(value: &[u8]) -> Result<Self, PkiError> {
        let mut fields = Element::only(value, WHAT)?.sequence()?;
        let mut subtrees = |number| -> Result<Subtrees, PkiError> {
            let tag = constructed(number);
            let mut by_form = Subtrees::new();
            let Some(list) = fields.optional(tag)? else { return Ok(by_form) };
            for base in list.inside(tag)?.rest(usize::MAX)? {
                let base = subtree(base)?;
                by_form.entry(base.form()).or_default().push(base);
            }
            Ok(by_form)
        };
        let (permitted, excluded) = (subtrees(0)?, subtrees(1)?);
        fields.end()?;
        if permitted.is_empty() && excluded.is_empty() {
            return Err(PkiError::Malformed(WHAT));
        }
        Ok(Self { permitted, excluded })
    }

    /// Whether one name of a certificate below is allowed: within one of the permitted subtrees of its form, if there
    /// are any, and within none of the excluded.
    fn allows(&self, name: &GeneralName, meter: &mut Meter) -> Result<(), PathReason> {
        meter.name()?;
        if let Some(permitted) = self.permitted.get(&name.form()) {
            let mut within = false;
            for base in permitted {
                meter.name()?;
                // No short cut: a malformed subtree is noticed wherever it stands.
                within |= name.is_within(base, false)?;
            }
            if !within {
                return Err(PathReason::NameNotPermitted);
            }
        }
        for base in self.excluded.get(&name.form()).into_iter().flatten() {
            meter.name()?;
            if name.is_within(base, true)? {
                return Err(PathReason::NameExcluded);
            }
        }
        Ok(())
    }
}

/// GeneralSubtree ::= SEQUENCE { base, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }; only the defaults are allowed.
fn subtree(element: Element<'_>) -> Result<GeneralName, PkiError> {
    let mut fields = element.sequence()?;
    let base = GeneralName::read(fields.next()?)?;
    if !fields.at_end() {
        return Err(PkiError::Unsupported("name constraint with a minimum or maximum"));
    }
    Ok(base)
}

/// Checks all names of a certificate against the constraints of all authorities above it: the subject, the
/// alternative names, and, where none of these is a mailbox, the mailboxes in the subject (§4.2.1.10).
pub(super) fn check(
    certificate: &Read,
    constraints: &[&NameConstraints],
    meter: &mut Meter,
) -> Result<(), PathReason> {
    if constraints.is_empty() {
        return Ok(());
    }
    let subject = GeneralName::Directory(certificate.subject.clone());
    let subject = (!certificate.subject.is_empty()).then_some(&subject);
    let has_mailbox = certificate.alternative_names.iter().any(|name| name.form() == 1);
    let mailboxes = if has_mailbox { [].as_slice() } else { certificate.subject_mailboxes.as_slice() };
    for name in subject.into_iter().chain(&certificate.alternative_names).chain(mailboxes) {
        for constraint in constraints {
            constraint.allows(name, meter)?;
        }
    }
    Ok(())
}

/// The alternative names of a certificate.
pub(super) fn general_names(value: &[u8]) -> Result<Vec<GeneralName>, PkiError> {
    let names = Element::only(value, "alternative names")?.inside(Tag::Sequence)?.rest(usize::MAX)?;
    names.into_iter().map(GeneralName::read).collect()
}
