//! In which tables of the staging area does a line go?

use super::super::ImportError;
use super::super::bulk::Value;
use super::super::parsed::{Kept, Whom};
use super::super::reason::Reason;
use crate::registry::rows;

/// The rows of one block.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) patients: Vec<Value>,
    pub(super) coverages: Vec<Value>,
    pub(super) guardians: Vec<Value>,
    pub(super) bad: Vec<(i64, Reason)>,
    pub(super) left_out: i64,
    pub(super) lines: i64,
}

impl Rows {
    pub(super) fn add(&mut self, id: i64, kept: Kept) -> Result<(), ImportError> {
        self.lines += i64::from(!matches!(kept, Kept::Blank));
        match kept {
            Kept::Patient(patient) => {
                let (scheme, open_until) = match patient.coverage {
                    Some(it) => (it.scheme.as_str().into(), rows::date(it.open_until)?.into()),
                    None => (Value::Null, Value::Null),
                };
                self.patients.extend([
                    id.into(),
                    patient.subject.into(),
                    patient.name.into(),
                    patient.number.into(),
                    patient.sealed.into(),
                    patient.birth_year.map(i64::from).into(),
                    scheme,
                    open_until,
                ]);
                for (whom, relationship) in patient.guardians {
                    let [subject, name] = columns(whom);
                    let relationship = relationship.as_str().into();
                    self.guardians.extend([id.into(), patient.subject.into(), subject, name, relationship]);
                }
            }
            Kept::Coverage { of, coverage } => {
                let [subject, name] = columns(of);
                let open_until = rows::date(coverage.open_until)?.into();
                self.coverages.extend([
                    id.into(),
                    subject,
                    name,
                    coverage.scheme.as_str().into(),
                    open_until,
                ]);
            }
            Kept::LeftOut => self.left_out += 1,
            Kept::Blank => {}
            Kept::Bad(reason) => self.bad.push((id, reason)),
        }
        Ok(())
    }
}

fn columns(whom: Whom) -> [Value; 2] {
    match whom {
        Whom::Subject(subject) => [subject.into(), Value::Null],
        Whom::Name(name) => [Value::Null, name.into()],
    }
}
