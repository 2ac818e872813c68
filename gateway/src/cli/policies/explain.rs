//! Why was this event decided so?

use clap::{Args, ValueEnum};
use policies::{Because, Difference, Explanation, PolicySet, Reason, Said, page};
use serde::Serialize;

use super::super::output::{Output, moment};
use super::super::place::Place;
use super::super::{Exit, Failure, runtime, store};
use crate::audit::{AuditFilter, StoredEvent};
use crate::decisions::kept_set;
use crate::store::Store;

#[derive(Debug, Args)]
#[command(
    after_help = "The policies are those that were in force then; the store keeps every set by its hash. \"Otherwise\" is found by\n\
    asking them again with other facts: any one line alone would have changed the answer.\n\n\
    Example:\n  bawaba policies explain 1234 --config gateway.toml\n  \
    bawaba policies explain 0192f0c1-7a3e-7c44-9d5e-0c8a4b1f2e33 --state ./var/demo --lang fr"
)]
pub(crate) struct Arguments {
    /// Its index in the log, or the request id that the counter was told
    #[arg(value_name = "EVENT")]
    event: String,
    #[command(flatten)]
    place: Place,
    /// The language of the sentences
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    Fr,
    Ar,
    En,
}

#[derive(Serialize)]
struct Explained {
    event: u64,
    time: String,
    kind: &'static str,
    code: String,
    policy: String,
    questions: Vec<Question>,
}

#[derive(Serialize)]
struct Question {
    client: String,
    kind: &'static str,
    action: String,
    purpose: &'static str,
    acr: &'static str,
    verdict: &'static str,
    /// The set of that time gave another answer on record: the log or the program is not what it was.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    differs_from_record: bool,
    duties: Vec<&'static str>,
    because: Vec<Policy>,
    otherwise: Vec<Vec<String>>,
}

#[derive(Serialize)]
struct Policy {
    policy: String,
    code: String,
    says: String,
    legal: String,
    looked_at: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let config = arguments.place.config()?;
    let (stored, set) = runtime()?.block_on(async {
        let store = store::open(&config).await?;
        let stored = find(&store, &arguments.event).await?;
        let set = then(&store, &stored).await?;
        Ok::<_, Failure>((stored, set))
    })?;
    let explained = explain(&stored, &set, arguments.lang);
    output.answer(&explained, || text(&explained))
}

/// The event of that index, or the first of that request that was decided.
async fn find(store: &Store, event: &str) -> Result<StoredEvent, Failure> {
    let index = event.parse::<u64>().ok();
    let filter = match index {
        Some(from) => AuditFilter { from, limit: 1, ..AuditFilter::default() },
        None => AuditFilter { request_id: Some(event.to_owned()), ..AuditFilter::default() },
    };
    let read =
        store.audit().read(&filter).await.map_err(|error| {
            Failure::new(Exit::Unavailable, format!("the audit log cannot be read: {error}"))
        })?;
    let mut found = read.into_iter().filter(|stored| index.is_none_or(|index| stored.index == index));
    let first =
        found.next().ok_or_else(|| Failure::new(Exit::Failed, format!("there is no event {event}")))?;
    let decided = match first.event.asked.is_empty() {
        false => Some(first),
        true => found.find(|stored| !stored.event.asked.is_empty()),
    };
    decided.ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            "no policy was asked there: it ended before, or was decided by an older program",
        )
        .remedy("bawaba audit show INDEX says how it ended")
    })
}

async fn then(store: &Store, stored: &StoredEvent) -> Result<PolicySet, Failure> {
    let hash = stored.event.policy.as_deref().unwrap_or_default();
    let found = kept_set(store, hash)
        .await
        .map_err(|error| Failure::new(Exit::Failed, format!("the policies of that time: {error}")))?;
    found.ok_or_else(|| Failure::new(Exit::Failed, format!("the store does not have the policies {hash}")))
}

fn explain(stored: &StoredEvent, set: &PolicySet, language: Language) -> Explained {
    let event = &stored.event;
    let said = Said { client: event.client.as_deref(), purpose: event.purpose.as_deref() };
    let questions = event.asked.iter().filter_map(|asked| {
        let request = asked.request(said)?;
        let Explanation { decision, because, otherwise } = set.explain(&request, asked.age());
        Some(Question {
            client: request.client.id.clone(),
            kind: request.client.kind.as_str(),
            action: page::what(&request.action),
            purpose: request.purpose.as_str(),
            acr: request.acr.as_str(),
            verdict: if decision.permits_at(asked.age()) { "permit" } else { "deny" },
            differs_from_record: decision.permits_at(asked.age()) != asked.permit,
            duties: decision.obligations().iter().map(|obligation| obligation.as_str()).collect(),
            because: because.iter().map(|because| policy(because, language)).collect(),
            otherwise: otherwise.iter().map(|together| together.iter().map(difference).collect()).collect(),
        })
    });
    Explained {
        event: stored.index,
        time: moment(event.at),
        kind: event.kind.code(),
        code: event.code.to_string(),
        policy: set.hash().to_owned(),
        questions: questions.collect(),
    }
}

fn policy(Because { reason, facts }: &Because, language: Language) -> Policy {
    let Reason { policy, code, legal, fr, ar, en, .. } = reason.as_ref();
    let says = match language {
        Language::Fr => fr,
        Language::Ar => ar,
        Language::En => en,
    };
    Policy {
        policy: policy.clone(),
        code: code.clone(),
        says: says.clone(),
        legal: legal.clone(),
        looked_at: facts.iter().map(|(fact, value)| format!("{fact} = {value}")).collect(),
    }
}

fn difference(Difference { fact, was, needed }: &Difference) -> String {
    format!("{fact}: {was} -> {needed}")
}

fn text(explained: &Explained) -> String {
    let Explained { event, time, kind, code, policy, questions } = explained;
    let mut lines = vec![format!("event {event}, {time}: {kind}, {code}"), format!("policies {policy}")];
    for question in questions {
        let Question { client, kind, action, purpose, acr, verdict, .. } = question;
        lines.push(format!("\n{kind} {client} asked for {action}, {purpose}, {acr}: {verdict}"));
        if question.differs_from_record {
            lines.push("  on record is another answer".to_owned());
        }
        for Policy { policy, code, says, legal, looked_at } in &question.because {
            lines.push(format!("  because  {says}"));
            lines.push(format!("           {code}, policy {policy}; {legal}"));
            if !looked_at.is_empty() {
                lines.push(format!("           looked at {}", looked_at.join(", ")));
            }
        }
        if !question.duties.is_empty() {
            lines.push(format!("  duties   {}", question.duties.join(", ")));
        }
        let head = if *verdict == "deny" { "permitted" } else { "denied" };
        for (number, together) in question.otherwise.iter().enumerate() {
            let label = if number == 0 { format!("{head}, had it been") } else { "or".to_owned() };
            lines.push(format!("  {label:<24} {}", together.join(" and ")));
        }
    }
    lines.join("\n")
}
