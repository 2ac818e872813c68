//! What is in this LDIF of the ICAO PKD? Records streamed one line at a time (RFC 2849), each object by itself.

mod lines;

use super::Refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lines::{Line, Lines};
use std::collections::VecDeque;
use std::io::BufRead;
use thiserror::Error;

/// Characters of a distinguished name that are kept for messages.
const DN_SHOWN: usize = 200;

/// One object of a directory entry, as sent: DER, or so it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LdifObject {
    /// `userCertificate`, `cACertificate`.
    Certificate(Vec<u8>),
    /// `certificateRevocationList`, `authorityRevocationList`.
    Crl(Vec<u8>),
    /// `pkdMasterListContent`, `CscaMasterListData`.
    MasterList(Vec<u8>),
}

/// What could not be taken from the file.
#[derive(Debug, Error)]
pub enum LdifError {
    /// One value or record; the reader goes on behind it.
    #[error("line {line}: {}", reason.sentence())]
    Refused {
        /// The line, counted from 1.
        line: u64,
        /// The directory entry, if its name could be read.
        dn: Option<String>,
        /// Why.
        reason: Refusal,
    },
    /// The file itself; nothing follows.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Reads the objects of an LDIF file in its order, in memory for one line.
pub struct LdifReader<R> {
    lines: Lines<R>,
    record: Record,
    ready: VecDeque<Result<LdifObject, LdifError>>,
    failed: bool,
}

/// The record being read.
#[derive(Default)]
struct Record {
    dn: Option<String>,
    /// A change record (`changetype: modify`), in which `delete:` begins values that go.
    modifies: bool,
    deleting: bool,
}

/// What a value of this attribute is.
enum Attribute {
    Certificate,
    Crl,
    MasterList,
    DeltaCrl,
    /// Told to be binary, and nobody here knows it.
    UnknownBinary,
    /// Text about the entry.
    Text,
}

impl<R: BufRead> LdifReader<R> {
    /// Reads from the beginning of a file.
    pub fn new(input: R) -> Self {
        Self { lines: Lines::new(input), record: Record::default(), ready: VecDeque::new(), failed: false }
    }

    fn refuse(&mut self, line: u64, reason: Refusal) {
        let dn = self.record.dn.clone();
        self.ready.push_back(Err(LdifError::Refused { line, dn, reason }));
    }

    fn line(&mut self, line: Line) {
        match line {
            Line::Blank => self.record = Record::default(),
            Line::TooLong(number) => self.refuse(number, Refusal::TooLarge),
            Line::Text(number, text) => self.text(number, &text),
        }
    }

    fn text(&mut self, number: u64, text: &[u8]) {
        if text == b"-" {
            self.record.deleting = false;
            return;
        }
        let Some(colon) = text.iter().position(|octet| *octet == b':') else {
            return self.refuse(number, Refusal::MalformedRecord);
        };
        let (name, value) =
            (text.get(..colon).unwrap_or_default(), text.get(colon + 1..).unwrap_or_default());
        let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
        match name.as_str() {
            "dn" => self.record = Record { dn: shown(value), ..Record::default() },
            "changetype" => self.change(number, value),
            "delete" if self.record.modifies => {
                self.record.deleting = true;
                let gone = String::from_utf8_lossy(value).trim().to_ascii_lowercase();
                if !matches!(attribute(&gone), Attribute::Text) {
                    self.refuse(number, Refusal::DeletionRecord);
                }
            }
            "add" | "replace" if self.record.modifies => self.record.deleting = false,
            _ if self.record.deleting => {}
            _ => self.value(number, &name, value),
        }
    }

    fn change(&mut self, number: u64, value: &[u8]) {
        match value.trim_ascii().to_ascii_lowercase().as_slice() {
            b"delete" => self.refuse(number, Refusal::DeletionRecord),
            b"modify" => self.record.modifies = true,
            _ => {}
        }
    }

    fn value(&mut self, number: u64, name: &str, value: &[u8]) {
        let object = match attribute(name) {
            Attribute::Text => return,
            Attribute::UnknownBinary => return self.refuse(number, Refusal::UnknownAttribute),
            Attribute::DeltaCrl => return self.refuse(number, Refusal::CrlUnsupported),
            Attribute::Certificate => LdifObject::Certificate,
            Attribute::Crl => LdifObject::Crl,
            Attribute::MasterList => LdifObject::MasterList,
        };
        // `name:< url` is never followed, and `name: text` cannot hold DER (RFC 2849 SAFE-STRING).
        let decoded = value.strip_prefix(b":").and_then(|base64| STANDARD.decode(base64.trim_ascii()).ok());
        match decoded {
            Some(der) if !der.is_empty() => self.ready.push_back(Ok(object(der))),
            _ => self.refuse(number, Refusal::MalformedRecord),
        }
    }
}

impl<R: BufRead> Iterator for LdifReader<R> {
    type Item = Result<LdifObject, LdifError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.failed {
                return None;
            }
            match self.lines.next() {
                Ok(Some(line)) => self.line(line),
                Ok(None) => return None,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(LdifError::Io(error)));
                }
            }
        }
    }
}

/// Attribute descriptions in lower case, with or without `;binary` (RFC 4523 §2; ICAO PKD interface specification).
fn attribute(description: &str) -> Attribute {
    let (name, options) = description.split_once(';').unwrap_or((description, ""));
    match name {
        "usercertificate" | "cacertificate" => Attribute::Certificate,
        "certificaterevocationlist" | "authorityrevocationlist" => Attribute::Crl,
        "pkdmasterlistcontent" | "cscamasterlistdata" => Attribute::MasterList,
        "deltarevocationlist" => Attribute::DeltaCrl,
        _ if options.split(';').any(|option| option == "binary") => Attribute::UnknownBinary,
        _ => Attribute::Text,
    }
}

/// A distinguished name fit for a message.
fn shown(value: &[u8]) -> Option<String> {
    let decoded;
    let text = match value.strip_prefix(b":") {
        Some(base64) => {
            decoded = STANDARD.decode(base64.trim_ascii()).ok()?;
            decoded.as_slice()
        }
        None => value,
    };
    let text = String::from_utf8_lossy(text);
    Some(text.trim().chars().map(|one| if one.is_control() { '?' } else { one }).take(DN_SHOWN).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(ldif: &str) -> Vec<String> {
        let told = |item| match item {
            Ok(LdifObject::Certificate(der)) => format!("certificate {der:?}"),
            Ok(LdifObject::Crl(der)) => format!("crl {der:?}"),
            Ok(LdifObject::MasterList(der)) => format!("list {der:?}"),
            Err(LdifError::Refused { line, dn, reason }) => {
                format!("{line} {} {}", dn.unwrap_or_default(), reason.code())
            }
            Err(LdifError::Io(error)) => format!("{error}"),
        };
        LdifReader::new(ldif.as_bytes()).map(told).collect()
    }

    #[test]
    fn folded_lines_comments_crlf_and_base64_are_read() {
        let ldif = "version: 1\r\n# a comment\r\n  folded itself\r\ndn: o=ds,c=MA\r\nuserCertificate;binary:: AQ\r\n ID\r\nsn: 1\r\n\r\n\
            dn:: bz1tbCxjPU1B\r\npkdMasterListContent:: BA==\r\ncn:: w6k=\r\n\r\ndn: o=crl,c=MA\r\ncertificateRevocationList;binary:: BQ==";
        assert_eq!(objects(ldif), ["certificate [1, 2, 3]", "list [4]", "crl [5]"]);
    }

    #[test]
    fn a_damaged_value_is_named_and_loses_nothing_else() {
        let ldif = "dn: a\nuserCertificate;binary:: !!\ncACertificate;binary:: AQ==\nnonsense\n\n\
            dn: b\nuserCertificate;binary:< file:///etc/passwd\nphoto;binary:: AQ==\nuserCertificate: AQ==\nuserCertificate;binary:: Ag==\n";
        assert_eq!(
            objects(ldif),
            [
                "2 a malformed-record",
                "certificate [1]",
                "4 a malformed-record",
                "7 b malformed-record",
                "8 b unknown-attribute",
                "9 b malformed-record",
                "certificate [2]",
            ]
        );
    }

    #[test]
    fn change_records_add_and_a_deletion_is_said() {
        let ldif = "dn: a\nchangetype: modify\ndelete: userCertificate;binary\nuserCertificate;binary:: AQ==\n-\n\
            add: userCertificate;binary\nuserCertificate;binary:: Ag==\n-\n\ndn: b\nchangetype: delete\n\n\
            dn: c\nchangetype: add\nuserCertificate;binary:: Aw==\n";
        assert_eq!(
            objects(ldif),
            ["3 a deletion-record", "certificate [2]", "11 b deletion-record", "certificate [3]"]
        );
    }

    #[test]
    fn nothing_is_in_nothing() {
        assert!(objects("").is_empty());
        assert!(objects("\n\n# only this\n").is_empty());
        assert_eq!(objects(" folded onto nothing"), ["1  malformed-record"]);
    }
}
