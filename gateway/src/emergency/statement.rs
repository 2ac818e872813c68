//! Who answers for breaking the glass, by their own signature?
//!
//! Each practitioner signs (`typ: emergency+jwt`) for this gateway, this establishment, this reason, these words and this
//! patient, at the bedside: the statement lives for five minutes and serves once. With the patient's card on the reader one
//! signature does; a number alone needs two people.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use card_reader::NationalNumber;
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::asked::Asked;
use crate::app::App;
use crate::caller::Caller;
use crate::limits::{CLOCK_LEEWAY, EMERGENCY_STATEMENT_LIFETIME, MAX_EMERGENCY_STATEMENT_BYTES};
use crate::practitioner::{Practitioner, Unsigned};
use crate::problem::ProblemCode;
use crate::refusal::Refusal;

/// `typ` of a practitioner's statement.
pub(super) const TYP: &str = "emergency+jwt";

/// What a practitioner signs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    iss: String,
    aud: String,
    establishment: String,
    jti: Uuid,
    iat: i64,
    exp: i64,
    reason: String,
    /// SHA-256 of the words, base64url.
    words: String,
    /// The running session whose card is on the reader …
    #[serde(default)]
    sid: Option<Uuid>,
    /// … or the number of somebody who has none with them.
    #[serde(default)]
    identifier: Option<String>,
}

/// Whom a statement is about.
pub(super) enum About<'a> {
    /// The patient of this session.
    Session(Uuid),
    /// Whoever has this number.
    Number(&'a NationalNumber),
}

/// A statement that one practitioner made for this very access (*déclaration d'urgence*).
pub(crate) struct Signed {
    practitioner: Practitioner,
    statement: Uuid,
    text: String,
}

/// Two different people answer for it (*double attestation*): what a number that is printed on a card, and known to many,
/// is never enough without.
///
/// Only `Vouchers` makes one:
///
/// ```compile_fail
/// fn forge(all: Vec<u8>) -> gateway::emergency::TwoPractitioners {
///     gateway::emergency::TwoPractitioners { all }
/// }
/// ```
pub struct TwoPractitioners {
    all: Vec<Signed>,
}

/// Who answers for it.
pub(super) enum Vouchers {
    /// One person.
    One(Vec<Signed>),
    /// Two different people.
    Two(TwoPractitioners),
}

impl Signed {
    /// Who signed, by their professional registration.
    pub(super) fn id(&self) -> &str {
        self.practitioner.id()
    }

    /// `jti`.
    pub(super) const fn statement(&self) -> Uuid {
        self.statement
    }

    /// As it was signed, for the reviewer.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn read(
        app: &App,
        caller: &Caller,
        text: &str,
        (asked, about): (&Asked, &About<'_>),
        at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let known = (&*app.trust, &app.registry);
        let form = (TYP, MAX_EMERGENCY_STATEMENT_BYTES);
        let (practitioner, said) = Practitioner::signed::<Said>(known, text, form, at).map_err(refused)?;
        let refused = |exact: &'static str| Refusal::exactly(ProblemCode::EmergencyStatementRefused, exact);
        let lives = said.exp.checked_sub(said.iat);
        let lives = lives.is_some_and(|life| (1..=EMERGENCY_STATEMENT_LIFETIME).contains(&life));
        if said.iss != practitioner.id() || said.aud != app.config.issuer || !lives {
            return Err(refused("emergency-statement-claims"));
        }
        if said.establishment != caller.client().id {
            return Err(refused("emergency-statement-elsewhere"));
        }
        if said.reason != asked.reason.as_str() || said.words != words_digest(&asked.words) {
            return Err(refused("emergency-statement-of-another-reason"));
        }
        let of_this_patient = match (about, said.sid, said.identifier.as_deref()) {
            (About::Session(session), Some(sid), None) => *session == sid,
            (About::Number(number), None, Some(named)) => {
                NationalNumber::parse(named).is_some_and(|named| named == **number)
            }
            _ => false,
        };
        if !of_this_patient {
            return Err(refused("emergency-statement-of-another-patient"));
        }
        let now = at.unix_timestamp();
        if now >= said.exp || now.saturating_add(CLOCK_LEEWAY) < said.iat {
            return Err(refused("emergency-statement-expired"));
        }
        Ok(Self { practitioner, statement: said.jti, text: text.to_owned() })
    }
}

impl Vouchers {
    /// Reads the one or two statements, all for the same access.
    pub(super) fn read(
        app: &App,
        caller: &Caller,
        asked: &Asked,
        about: &About<'_>,
        at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let all: Vec<Signed> = asked
            .statements
            .iter()
            .map(|text| Signed::read(app, caller, text, (asked, about), at))
            .collect::<Result<_, _>>()?;
        match all.as_slice() {
            [one, other] if one.practitioner == other.practitioner => {
                Err(Refusal::new(ProblemCode::EmergencySamePractitioner))
            }
            [_, _] => Ok(Self::Two(TwoPractitioners { all })),
            _ => Ok(Self::One(all)),
        }
    }

    /// All of them, in the order in which they came.
    pub(super) fn all(&self) -> &[Signed] {
        match self {
            Self::One(all) | Self::Two(TwoPractitioners { all }) => all,
        }
    }
}

/// What stands for the words in a statement.
fn words_digest(words: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, words.as_bytes()))
}

/// Who tries signatures at the gateway learns nothing of why not: the exact code is in the audit event.
fn refused(error: Unsigned) -> Refusal {
    let exact = match error {
        Unsigned::StandingUnknown => {
            return Refusal::exactly(ProblemCode::TrustUnavailable, "client-crl-stale");
        }
        Unsigned::Malformed => "emergency-statement-malformed",
        Unsigned::Key => "emergency-statement-key",
        Unsigned::Signature => "emergency-statement-signature",
        Unsigned::Unvouched(error) => error.code(),
        Unsigned::Revoked => "emergency-practitioner-revoked",
        Unsigned::NotAPractitioner => "emergency-not-a-practitioner",
        Unsigned::Claims => "emergency-statement-claims",
    };
    Refusal::exactly(ProblemCode::EmergencyStatementRefused, exact)
}

impl std::fmt::Debug for TwoPractitioners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all.iter().map(|signed| signed.id())).finish()
    }
}
