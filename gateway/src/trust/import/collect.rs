//! Which objects are in the file? Streamed or read whole, within bounds of number and size.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use pki::csca::{LdifError, LdifObject, LdifReader, Refusal, judge_crl};
use pki::limits;

use super::detect::{self, Form, Object};
use super::{Damage, Progress};
use crate::trust::store::snapshot::SourceKind;

/// The objects of one file, by kind, none of them looked into.
pub(super) struct Collected {
    pub(super) kind: SourceKind,
    pub(super) sha256: String,
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) crls: Vec<Vec<u8>>,
    pub(super) lists: Vec<Vec<u8>>,
    pub(super) damages: Vec<Damage>,
    octets: usize,
}

/// Hashes what passes.
struct Hashed<R> {
    input: R,
    hash: Context,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

pub(super) fn read(path: &Path, progress: &mut Progress<'_>) -> io::Result<Collected> {
    let file = File::open(path)?;
    let (size, most) = (file.metadata()?.len(), u64::try_from(limits::FILE_OCTETS).unwrap_or(u64::MAX));
    let input = Hashed { input: file, hash: Context::new(&SHA256) };
    let mut reader = BufReader::with_capacity(detect::LOOKED_AT, input);
    let mut collected = Collected::empty();
    match detect::form(reader.fill_buf()?) {
        Form::Ldif => {
            collected.kind = SourceKind::Ldif;
            collected.ldif(&mut reader, progress)?;
        }
        Form::Der | Form::Pem if size > most => collected.damage("file", Refusal::TooLarge),
        Form::Unknown => collected.damage("file", Refusal::UnknownFormat),
        form => {
            let mut bytes = Vec::new();
            reader.by_ref().take(most + 1).read_to_end(&mut bytes)?;
            match (bytes.len() > limits::FILE_OCTETS, form) {
                (true, _) => collected.damage("file", Refusal::TooLarge),
                (false, Form::Pem) => collected.objects(detect::pem_objects(&bytes)),
                (false, _) => collected.objects(detect::der_objects(&bytes)),
            }
        }
    }
    collected.sha256 = hex::encode(reader.into_inner().hash.finish());
    Ok(collected)
}

impl Collected {
    fn empty() -> Self {
        Self {
            kind: SourceKind::Certificates,
            sha256: String::new(),
            certificates: Vec::new(),
            crls: Vec::new(),
            lists: Vec::new(),
            damages: Vec::new(),
            octets: 0,
        }
    }

    fn objects(&mut self, objects: Vec<Object>) {
        for object in objects {
            match object {
                Object::SignedData(bytes) => {
                    self.kind = SourceKind::MasterList;
                    if self.room("master-list", bytes.len()) {
                        self.lists.push(bytes);
                    }
                }
                Object::Paper(bytes) if self.room("certificate", bytes.len()) => match judge_crl(&bytes) {
                    Err(Refusal::MalformedCrl | Refusal::TooLarge) => self.certificates.push(bytes),
                    Ok(_) | Err(_) => self.crls.push(bytes),
                },
                Object::Paper(_) => return,
                Object::Damaged(reason) => self.damage("certificate", reason),
            }
        }
    }

    /// A damaged record is named with its line; the file ends early only where it holds more than any honest one.
    fn ldif<R: Read>(
        &mut self,
        reader: &mut BufReader<Hashed<R>>,
        progress: &mut Progress<'_>,
    ) -> io::Result<()> {
        for (read, object) in (1..).zip(LdifReader::new(&mut *reader)) {
            let room = match object {
                Ok(LdifObject::Certificate(der)) => {
                    self.room("certificate", der.len()) && push(&mut self.certificates, der)
                }
                Ok(LdifObject::Crl(der)) => self.room("crl", der.len()) && push(&mut self.crls, der),
                Ok(LdifObject::MasterList(der)) => {
                    self.room("master-list", der.len()) && push(&mut self.lists, der)
                }
                Err(LdifError::Refused { line, dn, reason }) => {
                    let damage = Damage { kind: "ldif-record", line: Some(line), dn, reason };
                    self.room("ldif-record", 0) && push(&mut self.damages, damage)
                }
                Err(LdifError::Io(error)) => return Err(error),
            };
            if !room {
                break;
            }
            progress("reading objects", read, None);
        }
        Ok(())
    }

    /// Whether one more object of so many octets fits; said once if not.
    fn room(&mut self, kind: &'static str, octets: usize) -> bool {
        self.octets = self.octets.saturating_add(octets);
        let count = self.certificates.len() + self.crls.len() + self.lists.len() + self.damages.len();
        match (count < limits::FILE_OBJECTS, self.octets <= limits::FILE_OCTETS) {
            (true, true) => return true,
            (false, _) => self.damage(kind, Refusal::TooManyEntries),
            (true, false) => self.damage(kind, Refusal::StoreFull),
        }
        false
    }

    fn damage(&mut self, kind: &'static str, reason: Refusal) {
        self.damages.push(Damage { kind, line: None, dn: None, reason });
    }
}

fn push<T>(to: &mut Vec<T>, one: T) -> bool {
    to.push(one);
    true
}
