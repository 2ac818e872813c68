//! Which sessions does a withdrawal mean that names none? Those of the log.

use time::Duration;

use super::StatusLists;
use crate::audit::AuditEvent;
use crate::limits::{MAX_SESSION_LIFETIME, WITHDRAWAL_LEEWAY};
use crate::registry::RegistryError;
use crate::store::Statement;
use crate::token::StatusReference;
use crate::withdrawal::{Withdrawal, Withdrawn};

/// Only what the index has: the openings. The two fragments narrow it down to what the event must say.
const OPENED: [&str; 2] = [
    "SELECT position, event FROM audit_event WHERE at >= $1 AND at <= $2 \
     AND instr(event, '\"kind\":\"session-opened\"') > 0 \
     AND instr(event, $3) > 0 AND instr(event, $4) > 0 AND position > $5 ORDER BY position LIMIT $6",
    "SELECT position, event FROM audit_event WHERE at >= $1 AND at <= $2 \
     AND strpos(event, '\"kind\":\"session-opened\"') > 0 \
     AND strpos(event, $3) > 0 AND strpos(event, $4) > 0 AND position > $5 ORDER BY position LIMIT $6",
];

/// Events of one reading.
const PAGE: i64 = 5_000;

impl StatusLists {
    /// Marks the places of all sessions that this withdrawal means, as the log has them now.
    pub(super) async fn mark_meant(&self, withdrawal: &Withdrawal) -> Result<(), RegistryError> {
        let Some(sought) = sought(&withdrawal.what) else { return Ok(()) };
        for [one, other] in sought {
            self.mark_found(withdrawal, [&one, &other]).await?;
        }
        Ok(())
    }

    async fn mark_found(
        &self,
        withdrawal: &Withdrawal,
        [one, other]: [&str; 2],
    ) -> Result<(), RegistryError> {
        let lifetime = Duration::seconds(MAX_SESSION_LIFETIME);
        let until = withdrawal.issued_before + WITHDRAWAL_LEEWAY;
        let (mut after, [sqlite, postgres]) = (-1, OPENED);
        loop {
            let asked = Statement::of_each(sqlite, postgres)
                .bind(withdrawal.issued_before - lifetime - WITHDRAWAL_LEEWAY)
                .bind(until)
                .bind(one)
                .bind(other)
                .bind(after)
                .bind(PAGE)
                .slow();
            let rows = self.store.read(asked).await?;
            for row in &rows {
                after = row.int("position")?;
                let event: AuditEvent = serde_json::from_str(row.text("event")?)
                    .map_err(|_| RegistryError::Malformed("audit_event"))?;
                if let Some(place) = event.status.as_deref().and_then(StatusReference::parse) {
                    self.mark(place, event.at + lifetime, withdrawal.issued_before);
                }
            }
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) < PAGE {
                return Ok(());
            }
        }
    }
}

/// What the openings of its sessions say, one pair or the other. A key's tokens have no place to be looked for: the lists
/// are signed by the same key, and nobody who still believes it is told the truth by it.
fn sought(what: &Withdrawn) -> Option<Vec<[String; 2]>> {
    let both = |said: String| [said.clone(), said];
    Some(match what {
        Withdrawn::Session(id) => vec![both(member("session", &id.to_string()))],
        Withdrawn::Client(client) => vec![both(member("client", client))],
        Withdrawn::Card(card) => vec![both(member("card", card))],
        // A guardian's withdrawal ends what runs for the dependant.
        Withdrawn::Patient(subject) => {
            vec![both(member("subject", subject)), both(member("guardian", subject))]
        }
        Withdrawn::Consent { subject, establishment } => ["subject", "guardian"]
            .map(|whose| [member(whose, subject), member("client", establishment)])
            .into(),
        Withdrawn::Key(_) => return None,
    })
}

/// One member as it stands in an event: within a value its quotation marks would be escaped.
fn member(name: &str, value: &str) -> String {
    format!("\"{name}\":{}", serde_json::Value::from(value))
}
