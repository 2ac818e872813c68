//! How does a whole country get into the registry, and what if it is interrupted?
//!
//! ```text
//! files ─ lines ─ parse, hash, seal (all cores) ─► staging area ─ judge ─► tables beside the old ones ─ swap
//! ```
//!
//! **FHIR R4 NDJSON**, one resource a line, Patient and Coverage in any order and in any number of files:
//!
//! | element | what it must be |
//! |---|---|
//! | `Patient.identifier` [`HEALTH_ID_SYSTEM`] | the identifiant santé; required |
//! | `Patient.identifier` [`NATIONAL_NUMBER_SYSTEM`] | the number of the CNIE; none for who has no card |
//! | `Patient.birthDate` | only its year is kept |
//! | `Patient.active` | `false`: left out |
//! | `Patient.extension` [`GUARDIAN_EXTENSION`] | parts `relationship` (`valueCode` `child` or `ward`) and `guardian` (`valueReference`) |
//! | `Coverage.status` | `active` or `cancelled` are taken, `draft` and `entered-in-error` left out |
//! | `Coverage.beneficiary` | `identifier` with the identifiant santé, or `reference` `Patient/ID` to a Patient of the same import |
//! | `Coverage.class` of type `plan`, or `Coverage.type` [`SCHEME_SYSTEM`] | `cnss-salarie`, `tns`, `amo-tadamon` or `amo-achamil` |
//! | `Coverage.period.end` | the last day; of several covers of one patient the one that lasts longest counts |
//!
//! **CSV** (RFC 4180, UTF-8, a line a row), a header with these columns in any order: `health_id`, `national_number`,
//! `birth_date`, `scheme`, `open_until`, `guardian` (identifiants santé, separated by spaces), `relationship`;
//! required are `health_id`, `scheme`, `open_until`. Both may be compressed by gzip.
//!
//! **Interrupted** at any moment, `kill -9` included, the same files go on where they were: see `staging`. **Readers**
//! see the old registry whole or the new one whole; clients, card reports, withdrawals and sessions are in other tables
//! and stay. **Keys**: each patient costs two HMACs and one sealing; in a hardware module each costs what the module
//! takes (at 1 ms and 8 at a time: 50 million patients in five hours; from a key file: minutes).
//!
//! **Room**: the SQLite file takes some 220 octets a patient (five million: 1.1 GB; fifty: 11 GB) and for the length
//! of an import both registries; the staging area some 350 more. Time grows a little faster than the rows, by the
//! sorting: fifty million take about eleven times as long as five (`make bench` with `BENCH_PATIENTS=5000000`).
//!
//! **Nonces**: sealing draws 96-bit random nonces, so that one key may seal 2³² times (NIST SP 800-38D §8.3). Fifty
//! million patients are 2²⁵·⁶: after some eighty whole imports `registry-sealing` is due (`bawaba keys rotate`); what
//! the key before sealed stays readable, and the next whole import seals everybody anew. `bawaba registry stats`
//! counts.

mod bulk;
mod csv;
mod entry;
mod error;
mod fhir;
mod judge;
mod known;
mod options;
mod parsed;
mod reason;
mod report;
mod run;
mod source;
mod staging;
mod target;
#[cfg(test)]
mod tests;

pub use csv::{COLUMNS, HeaderError};
pub use error::ImportError;
pub use fhir::{GUARDIAN_EXTENSION, HEALTH_ID_SYSTEM, NATIONAL_NUMBER_SYSTEM, SCHEME_SYSTEM};
pub use options::{Format, ImportOptions, MaxBad, Mode, Progress, Start, Step};
pub use reason::Reason;
pub use report::ImportReport;
pub use run::import;
pub use target::Target;
