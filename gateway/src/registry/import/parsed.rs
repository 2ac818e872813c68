//! What of a line may be kept? Parsed, hashed and sealed, over all cores.

use std::thread;

use aws_lc_rs::hmac;
use hsm_config::KeyRole;

use super::entry::{Entry, PatientEntry, Reference};
use super::reason::Reason;
use super::source::{Block, Shape};
use super::{csv, fhir};
use crate::registry::seal::Sealer;
use crate::registry::{Coverage, RegistryError, Relationship};

/// A line as the staging area keeps it: nothing in clear.
pub(super) enum Kept {
    Patient(Box<KeptPatient>),
    Coverage { of: Whom, coverage: Coverage },
    LeftOut,
    Blank,
    Bad(Reason),
}

pub(super) struct KeptPatient {
    pub(super) subject: [u8; 16],
    pub(super) name: Option<[u8; 16]>,
    pub(super) number: Option<[u8; 32]>,
    pub(super) sealed: Vec<u8>,
    pub(super) birth_year: Option<i32>,
    pub(super) coverage: Option<Coverage>,
    pub(super) guardians: Vec<(Whom, Relationship)>,
}

/// A person that another line names.
pub(super) enum Whom {
    /// By their subject.
    Subject([u8; 16]),
    /// By the keyed hash of their resource id.
    Name([u8; 16]),
}

/// A block, judged line by line.
pub(super) struct Parsed {
    pub(super) first_line: u64,
    pub(super) offset: u64,
    pub(super) lines: Vec<Kept>,
}

/// The keys of an import.
pub(super) struct Keeper {
    sealer: Sealer,
    /// For resource ids, which matter during one import only: a key of this process, so that a module is not asked
    /// for each. Derived, so that it is the same after an interruption.
    names: hmac::Key,
    threads: usize,
}

impl Keeper {
    pub(super) fn new(sealer: Sealer) -> Result<Self, RegistryError> {
        let key = sealer.signer().mac(KeyRole::RegistryIndex, b"import-resource-id")?;
        let waits = [KeyRole::RegistryIndex, KeyRole::RegistrySealing, KeyRole::PairwiseSubject]
            .into_iter()
            .any(|role| sealer.signer().waits(role));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        // Whoever waits for another device computes nothing meanwhile.
        let threads = if waits { cores * 4 } else { cores };
        Ok(Self { sealer, names: hmac::Key::new(hmac::HMAC_SHA256, &key), threads })
    }

    /// Judges every line of a block. Bad lines are among the answers; an error is a key that failed.
    pub(super) fn parse(&self, block: &Block) -> Result<Parsed, RegistryError> {
        let numbers: Vec<usize> = (0..block.lines.len()).collect();
        let share = numbers.len().div_ceil(self.threads).max(1);
        let parts: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = numbers
                .chunks(share)
                .map(|part| scope.spawn(|| part.iter().map(|&line| self.line(block, line)).collect()))
                .collect();
            running.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        let mut lines = Vec::with_capacity(numbers.len());
        for part in parts {
            let part: Result<Vec<Kept>, RegistryError> =
                part.map_err(|_| RegistryError::Malformed("a line ended its thread"))?;
            lines.extend(part?);
        }
        Ok(Parsed { first_line: block.first_line, offset: block.offset, lines })
    }

    fn line(&self, block: &Block, number: usize) -> Result<Kept, RegistryError> {
        let Some(line) = block.line(number) else { return Ok(Kept::Bad(Reason::LineTooLong)) };
        if line.trim_ascii().is_empty() {
            return Ok(Kept::Blank);
        }
        let entry = match &block.shape {
            Shape::Fhir => fhir::parse(line),
            Shape::Csv(header) => csv::Header::row(header, line),
        };
        match entry {
            Ok(Entry::Patient(patient)) => Ok(Kept::Patient(Box::new(self.patient(&patient)?))),
            Ok(Entry::Coverage { beneficiary, coverage }) => {
                Ok(Kept::Coverage { of: self.whom(&beneficiary)?, coverage })
            }
            Ok(Entry::LeftOut) => Ok(Kept::LeftOut),
            Err(reason) => Ok(Kept::Bad(reason)),
        }
    }

    fn patient(&self, patient: &PatientEntry) -> Result<KeptPatient, RegistryError> {
        let subject = self.sealer.subject(&patient.health_id)?;
        let guardians = patient.guardians.iter().map(|(whom, as_what)| Ok((self.whom(whom)?, *as_what)));
        Ok(KeptPatient {
            name: patient.name.as_deref().map(|name| self.name(name)),
            number: patient.national_number.as_ref().map(|it| self.sealer.national_number(it)).transpose()?,
            sealed: self.sealer.sealed(&patient.health_id, &subject)?,
            birth_year: patient.birth_year,
            coverage: patient.coverage.clone(),
            guardians: guardians.collect::<Result<_, RegistryError>>()?,
            subject: octets(&subject)?,
        })
    }

    fn whom(&self, reference: &Reference) -> Result<Whom, RegistryError> {
        match reference {
            Reference::HealthId(health_id) => Ok(Whom::Subject(octets(&self.sealer.subject(health_id)?)?)),
            Reference::Name(name) => Ok(Whom::Name(self.name(name))),
        }
    }

    fn name(&self, name: &str) -> [u8; 16] {
        let mut short = [0; 16];
        let tag = hmac::sign(&self.names, name.as_bytes());
        short.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        short
    }
}

/// A subject is 128 bits in hexadecimal.
fn octets(subject: &str) -> Result<[u8; 16], RegistryError> {
    let mut octets = [0; 16];
    hex::decode_to_slice(subject, &mut octets).map_err(|_| RegistryError::Malformed("subject"))?;
    Ok(octets)
}
