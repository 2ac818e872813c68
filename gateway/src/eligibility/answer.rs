//! What is the counter told of a cover? A FHIR answer, and the same signed, as evidence.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::cover::{Cover, Mode, Priced};
use super::money::Money;
use super::question::{Asked, Coded};
use super::shapes::{
    ANSWER_MODE, BENEFIT_SYSTEM, CodeableConcept, OPPOSABLE_UNTIL, REFERENCE_PRICE, REIMBURSEMENT_RATE,
    SCHEME_SYSTEM, SIGNED_ANSWER, WAITING_UNTIL, written,
};
use crate::problem::Language;
use crate::token::{TokenError, Tokens};

/// To whom, for which presence, in answer to what.
pub(super) struct Addressed<'a> {
    /// The patient, by the name that the asker uses.
    pub(super) patient: &'a str,
    /// Where the patient is or was.
    pub(super) establishment: &'a str,
    /// The presence behind the question.
    pub(super) presence: Uuid,
    /// The request, as in the log.
    pub(super) request_id: &'a str,
    /// What was asked.
    pub(super) asked: &'a Asked,
    /// The language of the counter.
    pub(super) language: Language,
}

/// What is signed. No `exp`: it is evidence as long as a receipt; what it binds to ends at `opposable_until`.
#[derive(Serialize)]
struct Evidence<'a> {
    iss: &'a str,
    iat: i64,
    jti: Uuid,
    establishment: &'a str,
    presence: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    opposable_until: Option<i64>,
    mode: &'static str,
    response: &'a ResponseShape,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResponseShape {
    resource_type: &'static str,
    id: Uuid,
    extension: Vec<Extension>,
    status: &'static str,
    purpose: Vec<&'static str>,
    patient: Reference,
    serviced_date: String,
    created: String,
    request: Reference,
    outcome: &'static str,
    disposition: &'static str,
    insurer: Display,
    insurance: [Insurance; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Insurance {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extension: Vec<Extension>,
    coverage: Reference,
    inforce: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    benefit_period: Option<Period>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    item: Vec<Item>,
}

#[derive(Serialize)]
struct Period {
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    product_or_service: CodeableConcept,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    benefit: Vec<Benefit>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Benefit {
    r#type: CodeableConcept,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_money: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_unsigned_int: Option<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extension {
    url: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_instant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_signature: Option<Signature>,
}

/// FHIR R4 Signature.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    r#type: [Coded; 1],
    when: String,
    who: Reference,
    sig_format: &'static str,
    data: String,
}

#[derive(Default, Serialize)]
struct Reference {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<Identifier>,
}

#[derive(Serialize)]
struct Identifier {
    system: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Display {
    display: &'static str,
}

/// The answer with its signature.
pub(super) fn signed(
    tokens: &Tokens,
    cover: &Cover,
    to: &Addressed<'_>,
    at: OffsetDateTime,
) -> Result<ResponseShape, TokenError> {
    let mut response = response(cover, to)?;
    let evidence = Evidence {
        iss: tokens.issuer(),
        iat: at.unix_timestamp(),
        jti: response.id,
        establishment: to.establishment,
        presence: to.presence,
        opposable_until: cover.opposable_until.map(OffsetDateTime::unix_timestamp),
        mode: cover.mode.as_str(),
        response: &response,
    };
    let jws = tokens.sign_eligibility(&evidence, at)?;
    let signature = Signature {
        // ASTM E1762: a source signature.
        r#type: [Coded {
            system: "urn:iso-astm:E1762-95:2013".to_owned(),
            code: "1.2.840.10065.1.12.1.14".to_owned(),
        }],
        when: instant(at)?,
        who: Reference::by_identifier("urn:ietf:rfc:3986", tokens.issuer().to_owned()),
        sig_format: "application/jose",
        data: STANDARD.encode(jws),
    };
    response
        .extension
        .push(Extension { value_signature: Some(signature), ..Extension::named(SIGNED_ANSWER) });
    Ok(response)
}

fn response(cover: &Cover, to: &Addressed<'_>) -> Result<ResponseShape, TokenError> {
    let mode = Extension { value_code: Some(cover.mode.as_str()), ..Extension::named(ANSWER_MODE) };
    let until = cover
        .opposable_until
        .map(instant)
        .transpose()?
        .map(|until| Extension { value_instant: Some(until), ..Extension::named(OPPOSABLE_UNTIL) });
    let waiting = cover
        .waiting_until
        .map(|first| Extension { value_date: Some(written(first)), ..Extension::named(WAITING_UNTIL) });
    let insurance = Insurance {
        extension: waiting.into_iter().collect(),
        coverage: Reference::by_identifier(SCHEME_SYSTEM, cover.scheme.as_str().to_owned()),
        inforce: cover.in_force,
        benefit_period: period(cover.from, cover.until),
        item: cover.items.iter().map(item).collect(),
    };
    Ok(ResponseShape {
        resource_type: "CoverageEligibilityResponse",
        id: Uuid::new_v4(),
        extension: [mode].into_iter().chain(until).collect(),
        status: "active",
        purpose: to.asked.purposes.clone(),
        patient: Reference { reference: Some(format!("Patient/{}", to.patient)), identifier: None },
        serviced_date: written(to.asked.serviced),
        created: instant(cover.said_at)?,
        request: Reference::by_identifier(
            "https://bawaba.example/fhir/sid/request",
            to.request_id.to_owned(),
        ),
        outcome: match cover.mode {
            Mode::Cnss => "complete",
            Mode::Degraded => "partial",
        },
        disposition: disposition(cover, to.language),
        insurer: Display { display: "CNSS" },
        insurance: [insurance],
    })
}

/// In one sentence, for the person at the counter.
fn disposition(cover: &Cover, language: Language) -> &'static str {
    let [fr, ar, en] = match (cover.mode, cover.in_force) {
        (Mode::Degraded, _) => [
            "Mode dégradé : la CNSS n'a pas répondu. Droits selon le registre, non opposables.",
            "وضع متدهور: لم يجب الصندوق الوطني للضمان الاجتماعي. الحقوق حسب السجل، ولا يحتج بها.",
            "Degraded mode: CNSS did not answer. Rights as the registry has them, not binding.",
        ],
        (Mode::Cnss, true) => ["Droits ouverts.", "الحقوق مفتوحة.", "Rights are open."],
        (Mode::Cnss, false) if cover.waiting_until.is_some() => [
            "Droits en période de carence.",
            "الحقوق في فترة الانتظار.",
            "Rights are in their waiting period.",
        ],
        (Mode::Cnss, false) => ["Droits fermés.", "الحقوق مغلقة.", "Rights are closed."],
    };
    match language {
        Language::French => fr,
        Language::Arabic => ar,
        Language::English => en,
    }
}

fn period(from: Option<Date>, until: Option<Date>) -> Option<Period> {
    (from.is_some() || until.is_some()).then(|| Period { start: from.map(written), end: until.map(written) })
}

fn item(priced: &Priced) -> Item {
    let kind = |code| CodeableConcept::new(BENEFIT_SYSTEM, code);
    let price = priced.reference_price.map(|price| Benefit {
        r#type: kind(REFERENCE_PRICE),
        allowed_money: Some(price),
        allowed_unsigned_int: None,
    });
    let rate = priced.rate.map(|rate| Benefit {
        r#type: kind(REIMBURSEMENT_RATE),
        allowed_money: None,
        allowed_unsigned_int: Some(rate),
    });
    Item {
        product_or_service: CodeableConcept::new(&priced.of.system, &priced.of.code),
        benefit: price.into_iter().chain(rate).collect(),
    }
}

fn instant(at: OffsetDateTime) -> Result<String, TokenError> {
    at.format(&Rfc3339).map_err(|_| TokenError::Claims("time"))
}

impl Extension {
    const fn named(url: &'static str) -> Self {
        Self { url, value_code: None, value_date: None, value_instant: None, value_signature: None }
    }
}

impl Reference {
    fn by_identifier(system: &'static str, value: String) -> Self {
        Self { reference: None, identifier: Some(Identifier { system, value }) }
    }
}

impl Mode {
    /// The word of [`ANSWER_MODE`].
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Cnss => "cnss",
            Self::Degraded => "degraded",
        }
    }
}
