//! Is this receipt one of ours, and who is told what on its strength?

use policies::{Acr, Permit, Purpose};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{BackEndClaims, BackEndGrant, PresenceClaims, ReceiptClaims, TokenError, Tokens, json, wire};
use crate::billing::Attested;
use crate::limits::{CLOCK_LEEWAY, MAX_BACK_END_LIFETIME};

/// A receipt that this gateway signed (*reçu vérifié*). What it says is believed; whether the log agrees is another
/// question.
///
/// Only [`Tokens::verify_receipt`] makes one:
///
/// ```compile_fail
/// fn forge(claims: gateway::token::ReceiptClaims) -> gateway::token::VerifiedReceipt {
///     gateway::token::VerifiedReceipt { claims, id: uuid::Uuid::nil() }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt {
    claims: ReceiptClaims,
    id: Uuid,
}

impl VerifiedReceipt {
    /// What it says.
    #[must_use]
    pub const fn claims(&self) -> &ReceiptClaims {
        &self.claims
    }

    /// `jti`.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }
}

impl Tokens {
    /// Signs the receipt of an act (*reçu*): what CNSS needs later, and nothing medical.
    ///
    /// # Errors
    /// [`TokenError::Signer`] when the key does not answer.
    pub fn issue_receipt(&self, receipt: &ReceiptClaims) -> Result<String, TokenError> {
        let claims = wire::Receipt::new(receipt, &self.issuer, Uuid::new_v4());
        Ok(self.receipts.sign(&claims, receipt.time)?.token)
    }

    /// The receipt, if this gateway signed it. It has no end: how late is too late is for its reader to say.
    ///
    /// # Errors
    /// [`TokenError`] for whatever is not a receipt of ours.
    pub fn verify_receipt(&self, receipt: &str, at: OffsetDateTime) -> Result<VerifiedReceipt, TokenError> {
        let jws = self.receipts.verify(receipt, at)?;
        let payload: wire::Receipt =
            json::read_once(&jws.payload).map_err(|_| TokenError::Claims("missing, mistyped or repeated"))?;
        let (claims, id) = payload.into_claims(&self.issuer)?;
        if at.unix_timestamp().saturating_add(CLOCK_LEEWAY) < claims.time.unix_timestamp() {
            return Err(TokenError::NotYetValid);
        }
        Ok(VerifiedReceipt { claims, id })
    }

    /// A token for a back-end that is asked, without a session, about the patient of a receipt: for payment alone.
    ///
    /// # Errors
    /// [`TokenError::Signer`] when the key does not answer.
    pub fn issue_for_receipt(
        &self,
        attested: &Attested,
        permit: &Permit,
        grant: &BackEndGrant<'_>,
        client: &str,
        at: OffsetDateTime,
    ) -> Result<String, TokenError> {
        let receipt = attested.receipt().claims();
        let issued_at = at.replace_nanosecond(0).map_err(|_| TokenError::Claims("time"))?;
        let token = Uuid::new_v4();
        let patient = super::PatientReference {
            subject: attested.subject().to_owned(),
            guardian: attested.guardian().map(str::to_owned),
            card: None,
        };
        let claims = BackEndClaims {
            session: attested.session(),
            token,
            audience: grant.audience.to_owned(),
            subject: grant.subject.to_owned(),
            client_id: client.to_owned(),
            scope: grant.scope.to_owned(),
            confirmation: None,
            acr: Acr::Card,
            amr: vec!["hwk".to_owned()],
            authenticated_at: receipt.time,
            issued_at,
            expires_at: issued_at + Duration::seconds(MAX_BACK_END_LIFETIME),
            actors: vec![client.to_owned()],
            practitioner: None,
            establishment: receipt.establishment.clone(),
            presence: PresenceClaims {
                id: receipt.presence,
                method: "receipt".to_owned(),
                proven_at: receipt.time,
                station: attested.station().to_owned(),
                card: None,
            },
            purpose: Purpose::Payment,
            encounter: None,
            consent: None,
            policy: permit.decision().policy_hash().to_owned(),
            status: None,
            sealed_patient: self.seal_patient(&patient, token, grant.audience)?,
        };
        Ok(self.back_ends.sign(&wire::BackEnd::new(&claims, &self.issuer), at)?.token)
    }

    /// Signs an answer about cover (*droits opposables*): evidence like a receipt, by the same key, of another kind.
    ///
    /// # Errors
    /// [`TokenError::Signer`] when the key does not answer.
    pub(crate) fn sign_eligibility(
        &self,
        claims: &impl Serialize,
        at: OffsetDateTime,
    ) -> Result<String, TokenError> {
        Ok(self.eligibilities.sign(claims, at)?.token)
    }

    /// `iss` of everything that is signed.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}
