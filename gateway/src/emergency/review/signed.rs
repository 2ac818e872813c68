//! What does a reviewer sign, and what did the practitioners?

use policies::ClientKind;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use hsm_config::{HsmError, KeyRole};

use super::rows::{AccessRow, SignedRow};
use super::{ReviewDesk, ReviewError, ReviewOutcome, ShownSignature};
use crate::caller::Caller;
use crate::emergency::{context, statement};
use crate::limits::{MAX_EMERGENCY_STATEMENT_BYTES, MAX_RELINK_STATEMENT_BYTES};
use crate::relink::OperatorKey;

/// What a reviewer signs, with the `typ` under which it cannot pass for anything else.
pub(super) trait ReviewerSays: Serialize {
    const TYP: &'static str;
}

/// "Show me this access."
#[derive(Serialize, Deserialize)]
pub(super) struct Look {
    aud: String,
    jti: Uuid,
    iat: i64,
}

/// "I have looked at this access, and find …"
#[derive(Serialize, Deserialize)]
pub(super) struct Finding {
    aud: String,
    jti: Uuid,
    iat: i64,
    outcome: ReviewOutcome,
    words: String,
}

impl ReviewerSays for Look {
    const TYP: &'static str = "emergency-look+jwt";
}

impl ReviewerSays for Finding {
    const TYP: &'static str = "emergency-review+jwt";
}

impl Look {
    pub(super) fn new(issuer: &str, id: Uuid, at: OffsetDateTime) -> Self {
        Self { aud: issuer.to_owned(), jti: id, iat: at.unix_timestamp() }
    }
}

impl Finding {
    pub(super) fn new(
        issuer: &str,
        id: Uuid,
        (outcome, words): (ReviewOutcome, &str),
        at: OffsetDateTime,
    ) -> Self {
        Self { aud: issuer.to_owned(), jti: id, iat: at.unix_timestamp(), outcome, words: words.to_owned() }
    }
}

impl ReviewDesk {
    /// The statement as signed, and by whom: a registered auditor whose certificate is good at this moment.
    pub(super) fn signed<T: ReviewerSays>(
        &self,
        key: &OperatorKey,
        says: &T,
        at: OffsetDateTime,
    ) -> Result<(Zeroizing<String>, String), ReviewError> {
        let text = Zeroizing::new(key.sign_as(T::TYP, says)?);
        let stated = self.trust.statement(&text, T::TYP, MAX_RELINK_STATEMENT_BYTES, at)?;
        let caller = Caller::vouched(stated.signer(), &self.trust, &self.registry, at)
            .map_err(|refusal| ReviewError::NotAReviewer(refusal.into_codes().1))?;
        if caller.client().kind != ClientKind::Auditor {
            return Err(ReviewError::NotAReviewer("emergency-reviewer-not-an-auditor".into()));
        }
        Ok((text, caller.client().id.clone()))
    }

    /// What was sealed for this access under that word.
    pub(super) fn unsealed(
        &self,
        id: Uuid,
        what: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<String>, ReviewError> {
        let opened = match self.signer.open(KeyRole::RegistrySealing, sealed, &context(id, what)) {
            Ok(opened) => opened,
            Err(HsmError::NotSealedHere { .. }) => return Err(ReviewError::Altered),
            Err(error) => return Err(error.into()),
        };
        let text = std::str::from_utf8(&opened).map_err(|_| ReviewError::Altered)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Whether a practitioner's statement verifies, as of the moment of the access.
    pub(super) fn signature(&self, id: Uuid, row: &AccessRow, signed: SignedRow) -> ShownSignature {
        let verified = self.unsealed(id, &signed.practitioner, &signed.signed).is_ok_and(|text| {
            let limit = MAX_EMERGENCY_STATEMENT_BYTES;
            self.trust.statement(&text, statement::TYP, limit, row.opened_at).is_ok_and(|stated| {
                stated.signer().certificate().subject_serial_number() == signed.practitioner
            })
        });
        let signature = if verified { "verified" } else { "does-not-verify" };
        ShownSignature { practitioner: signed.practitioner, signature }
    }
}
