//! Which patient has this name at that audience?
//!
//! Nobody can compute it back: the name of every patient is derived until one matches. That costs, for each patient
//! before the one sought, one row of the database, one opened seal and one keyed hash: some microseconds with a key
//! file, so minutes for a country; two operations of a hardware module where the keys live in one, so hours. The names
//! at the gateway itself are the registry's own index, and found at once.

use zeroize::Zeroizing;

use super::statement::Request;
use super::{Desk, RelinkError};
use crate::registry::{HealthId, SUBJECT_AUDIENCE};

/// Who it is.
pub(super) struct Found {
    /// The name at the gateway itself: what the event may say.
    pub(super) subject: String,
    /// What was asked for: what the terminal alone may show.
    pub(super) answer: Zeroizing<String>,
}

pub(super) async fn patient(
    desk: &Desk,
    request: &Request,
    mut progress: impl FnMut(u64, u64),
) -> Result<Found, RelinkError> {
    if request.audience == SUBJECT_AUDIENCE {
        let found = desk.registry.patient_by_subject(&request.pseudonym).await?;
        let patient = found.ok_or(RelinkError::NobodyFound)?;
        return answered(desk, request, patient.subject.clone(), &patient.health_id);
    }
    let version = desk.registry.patients_version().await?;
    let of = desk.registry.patient_count().await?;
    let (mut after, mut seen) = (String::new(), 0);
    loop {
        let page = desk.registry.patients_after(&after).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.subject);
        for walked in &page {
            if *desk.tokens.pairwise_subject(&request.audience, walked.health_id.expose())?
                == request.pseudonym
            {
                return answered(desk, request, walked.subject.clone(), &walked.health_id);
            }
        }
        seen += u64::try_from(page.len()).unwrap_or_default();
        progress(seen, of);
    }
    // Rows that moved meanwhile may have been passed by.
    if desk.registry.patients_version().await? == version {
        Err(RelinkError::NobodyFound)
    } else {
        Err(RelinkError::RegistryChanged)
    }
}

fn answered(
    desk: &Desk,
    request: &Request,
    subject: String,
    health_id: &HealthId,
) -> Result<Found, RelinkError> {
    let answer = match &request.to {
        None => Zeroizing::new(health_id.expose().to_owned()),
        Some(to) if to == SUBJECT_AUDIENCE => Zeroizing::new(subject.clone()),
        Some(to) => Zeroizing::new(desk.tokens.pairwise_subject(to, health_id.expose())?),
    };
    Ok(Found { subject, answer })
}
