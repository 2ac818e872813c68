//! What did CNSS say? Its answer is believed only whole: about this patient, well-formed, and without contradiction.
//! (FHIR R4 CoverageEligibilityResponse)

use policies::CoverageScheme;
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::money::{Money, MoneyShape};
use super::question::{Asked, Coded};
use super::shapes::{
    BENEFIT_SYSTEM, CodeableConcept, OPPOSABLE_UNTIL, REFERENCE_PRICE, REIMBURSEMENT_RATE, SCHEME_SYSTEM,
    WAITING_UNTIL, date,
};
use crate::limits::OPPOSABLE_MAX;
use crate::registry::Coverage;
use crate::token::read_once;

/// The cover of one patient for what was asked (*droits*).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Cover {
    /// The scheme of the AMO.
    pub(super) scheme: CoverageScheme,
    /// Whether rights are open on the day of the act.
    pub(super) in_force: bool,
    /// From when.
    pub(super) from: Option<Date>,
    /// The last day.
    pub(super) until: Option<Date>,
    /// The first day after the waiting period (*délai de carence*), where there is one.
    pub(super) waiting_until: Option<Date>,
    /// Price and rate of what was asked, where CNSS gives them.
    pub(super) items: Vec<Priced>,
    /// When this was said.
    pub(super) said_at: OffsetDateTime,
    /// Until when it binds CNSS; nothing: not at all.
    pub(super) opposable_until: Option<OffsetDateTime>,
    /// Whose word it is.
    pub(super) mode: Mode,
}

/// Price and rate of one act or medicine.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Priced {
    pub(super) of: Coded,
    pub(super) reference_price: Option<Money>,
    /// Percent.
    pub(super) rate: Option<u8>,
}

/// Whose word an answer is (*mode de réponse*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// That of CNSS.
    Cnss,
    /// CNSS did not answer: that of the registry, which binds nobody.
    Degraded,
}

/// Why an answer is not believed. Never carries any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadAnswer {
    /// It is about somebody else.
    AnotherPatient,
    /// It contradicts itself.
    Contradictory,
    /// It is not the resource that was asked for, or not in its form.
    Malformed,
    /// The back-end says that it could not process the question.
    NotComplete,
}

impl BadAnswer {
    /// The stable code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::AnotherPatient => "eligibility-another-patient",
            Self::Contradictory => "eligibility-contradictory",
            Self::Malformed => "eligibility-malformed",
            Self::NotComplete => "eligibility-not-complete",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseShape {
    resource_type: String,
    outcome: String,
    patient: ReferenceShape,
    #[serde(default)]
    extension: Vec<ExtensionShape>,
    #[serde(default)]
    insurance: Vec<InsuranceShape>,
}

#[derive(Deserialize)]
struct ReferenceShape {
    reference: Option<String>,
    identifier: Option<IdentifierShape>,
}

#[derive(Deserialize)]
struct IdentifierShape {
    system: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtensionShape {
    url: String,
    value_instant: Option<String>,
    value_date: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InsuranceShape {
    coverage: ReferenceShape,
    inforce: bool,
    benefit_period: Option<PeriodShape>,
    #[serde(default)]
    extension: Vec<ExtensionShape>,
    #[serde(default)]
    item: Vec<ItemShape>,
}

#[derive(Deserialize)]
struct PeriodShape {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemShape {
    product_or_service: CodeableConcept,
    #[serde(default)]
    benefit: Vec<BenefitShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BenefitShape {
    r#type: CodeableConcept,
    allowed_money: Option<MoneyShape>,
    allowed_unsigned_int: Option<u32>,
}

impl Cover {
    /// What the back-end answered to this question about the patient whom it knows by this name.
    pub(super) fn read(
        body: &[u8],
        asked: &Asked,
        there: &str,
        at: OffsetDateTime,
    ) -> Result<Self, BadAnswer> {
        let shape: ResponseShape = read_once(body).map_err(|_| BadAnswer::Malformed)?;
        if shape.resource_type != "CoverageEligibilityResponse" {
            return Err(BadAnswer::Malformed);
        }
        let patient = shape.patient.reference.as_deref().and_then(|text| text.strip_prefix("Patient/"));
        if patient.ok_or(BadAnswer::Malformed)? != there {
            return Err(BadAnswer::AnotherPatient);
        }
        if shape.outcome != "complete" {
            return Err(BadAnswer::NotComplete);
        }
        // A patient has one basic cover (law 65-00): an answer with two would leave the counter to choose.
        let [insurance] = shape.insurance.as_slice() else { return Err(BadAnswer::Malformed) };
        let period = insurance.benefit_period.as_ref();
        let cover = Self {
            scheme: scheme(&insurance.coverage)?,
            in_force: insurance.inforce,
            from: day(period.and_then(|period| period.start.as_deref()))?,
            until: day(period.and_then(|period| period.end.as_deref()))?,
            waiting_until: waiting(&insurance.extension)?,
            items: items(&insurance.item, asked)?,
            said_at: at,
            opposable_until: opposable(&shape.extension, at)?,
            mode: Mode::Cnss,
        };
        cover.without_contradiction(asked.serviced)
    }

    /// What the registry knows, where CNSS does not answer: it binds nobody.
    pub(super) fn degraded(coverage: &Coverage, serviced: Date, at: OffsetDateTime) -> Self {
        Self {
            scheme: coverage.scheme,
            in_force: serviced <= coverage.open_until,
            from: None,
            until: Some(coverage.open_until),
            waiting_until: None,
            items: Vec::new(),
            said_at: at,
            opposable_until: None,
            mode: Mode::Degraded,
        }
    }

    /// Open rights on a day that is outside of them, or still in the waiting period, are none.
    fn without_contradiction(self, serviced: Date) -> Result<Self, BadAnswer> {
        let outside = self.from.is_some_and(|from| serviced < from)
            || self.until.is_some_and(|until| serviced > until)
            || self.waiting_until.is_some_and(|first| serviced < first);
        let reversed = matches!((self.from, self.until), (Some(from), Some(until)) if from > until);
        if reversed || (self.in_force && outside) { Err(BadAnswer::Contradictory) } else { Ok(self) }
    }
}

fn scheme(coverage: &ReferenceShape) -> Result<CoverageScheme, BadAnswer> {
    let identifier = coverage.identifier.as_ref().ok_or(BadAnswer::Malformed)?;
    let named = identifier.value.as_deref().filter(|_| identifier.system.as_deref() == Some(SCHEME_SYSTEM));
    named.and_then(CoverageScheme::parse).ok_or(BadAnswer::Malformed)
}

fn day(text: Option<&str>) -> Result<Option<Date>, BadAnswer> {
    text.map(|text| date(text).ok_or(BadAnswer::Malformed)).transpose()
}

fn waiting(all: &[ExtensionShape]) -> Result<Option<Date>, BadAnswer> {
    let Some(extension) = extension(all, WAITING_UNTIL)? else { return Ok(None) };
    day(Some(extension.value_date.as_deref().ok_or(BadAnswer::Malformed)?))
}

/// The one extension of that name.
fn extension<'a>(all: &'a [ExtensionShape], url: &str) -> Result<Option<&'a ExtensionShape>, BadAnswer> {
    let mut named = all.iter().filter(|extension| extension.url == url);
    match (named.next(), named.next()) {
        (found, None) => Ok(found),
        _ => Err(BadAnswer::Malformed),
    }
}

/// Until when the answer binds, as the back-end says, and never longer than a day. A moment that is past binds nobody.
fn opposable(all: &[ExtensionShape], at: OffsetDateTime) -> Result<Option<OffsetDateTime>, BadAnswer> {
    let Some(extension) = extension(all, OPPOSABLE_UNTIL)? else { return Ok(None) };
    let text = extension.value_instant.as_deref().ok_or(BadAnswer::Malformed)?;
    let until = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| BadAnswer::Malformed)?;
    let until = until.to_offset(time::UtcOffset::UTC).min(at + OPPOSABLE_MAX);
    Ok(Some(until).filter(|until| *until > at))
}

/// What is said of what was asked; the rest is passed over.
fn items(said: &[ItemShape], asked: &Asked) -> Result<Vec<Priced>, BadAnswer> {
    let mut items: Vec<Priced> = Vec::new();
    for item in said {
        let of = item.product_or_service.coded().ok_or(BadAnswer::Malformed)?;
        if !asked.items.contains(&of) {
            continue;
        }
        if items.iter().any(|known| known.of == of) {
            return Err(BadAnswer::Contradictory);
        }
        let benefit = |code| item.benefit.iter().find(|benefit| benefit.r#type.is(BENEFIT_SYSTEM, code));
        let price = benefit(REFERENCE_PRICE)
            .map(|benefit| benefit.allowed_money.as_ref().and_then(Money::read).ok_or(BadAnswer::Malformed));
        let rate = benefit(REIMBURSEMENT_RATE).map(|benefit| {
            let percent = benefit.allowed_unsigned_int.filter(|percent| *percent <= 100);
            percent.and_then(|percent| u8::try_from(percent).ok()).ok_or(BadAnswer::Malformed)
        });
        items.push(Priced { of, reference_price: price.transpose()?, rate: rate.transpose()? });
    }
    Ok(items)
}

impl std::fmt::Debug for Cover {
    /// Without what it says of a patient.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cover").field("mode", &self.mode).finish_non_exhaustive()
    }
}
