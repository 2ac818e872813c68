//! What if a station sends the same proof twice?
//!
//! The counter's own library never does, so this one is done by hand: the two requests of flow 3.1 as raw JSON.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use card_reader::simulated::CardFile;
use card_reader::{Can, CardTranscript, CommandApdu, Conversation, ResponseApdu};
use reqwest::header::ACCEPT_LANGUAGE;
use serde_json::{Value, json};

/// A counter that can be made to misbehave (poste malveillant).
pub(super) struct Station {
    pub(super) http: reqwest::Client,
    pub(super) api: String,
    pub(super) language: &'static str,
}

/// Status and body of an answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// A text member of the body.
    pub(super) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Station {
    /// Proves a presence, then sends the very same proof again: the second answer.
    pub(super) async fn prove_twice(&self, card: CardFile) -> Result<Answer> {
        // PACE and reading block; the card's thread keeps the channel for the challenge.
        let (to_card, commands) = std::sync::mpsc::channel();
        let (from_card, transcript) = tokio::sync::oneshot::channel();
        let chip = tokio::task::spawn_blocking(move || converse(card, from_card, &commands));
        let transcript = transcript.await.context("the card said nothing")?;
        let begun = self.post("/v1/presences", &begin(&transcript)).await?;
        to_card.send(challenge(&begun.body)?).context("the card is gone")?;
        let responses = chip.await.context("the card's thread ended")??;
        let responses: Vec<_> = responses.iter().map(|response| hex::encode(response.encode())).collect();
        let path = format!("/v1/presences/{}/proof", begun.text("presence"));
        let proof = json!({"responses": responses, "purpose": "TREAT"});
        let first = self.post(&path, &proof).await?;
        anyhow::ensure!(
            first.status == 201,
            "the first proof was answered {} {}",
            first.status,
            first.text("code")
        );
        self.post(&path, &proof).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let request = self.http.post(format!("{}{path}", self.api)).header(ACCEPT_LANGUAGE, self.language);
        let response = request.json(body).send().await?;
        Ok(Answer { status: response.status().as_u16(), body: response.json().await? })
    }
}

/// The card's side, on a thread of its own: opened, read, then the challenge when it comes.
fn converse(
    card: CardFile,
    transcript: tokio::sync::oneshot::Sender<CardTranscript>,
    commands: &std::sync::mpsc::Receiver<Vec<CommandApdu>>,
) -> Result<Vec<ResponseApdu>> {
    let can = Can::parse(&card.can).context("the CAN is not six digits")?;
    let profile = card.card_profile()?;
    let mut chip = card.insert()?;
    let mut conversation = Conversation::open(&mut chip, &can, profile)?;
    let read = conversation.read_transcript()?;
    let _ = transcript.send(read);
    Ok(conversation.run(&commands.recv().context("no challenge came")?)?)
}

fn begin(transcript: &CardTranscript) -> Value {
    let mut files = json!({"sod": STANDARD.encode(&transcript.sod), "dg1": STANDARD.encode(&transcript.dg1)});
    let optional =
        [("card_access", &transcript.card_access), ("dg14", &transcript.dg14), ("dg15", &transcript.dg15)];
    for (name, file) in optional {
        if let (Some(file), Some(files)) = (file, files.as_object_mut()) {
            files.insert(name.to_owned(), json!(STANDARD.encode(file)));
        }
    }
    json!({"station": "poste-2", "profile": transcript.profile.as_str(), "files": files})
}

fn challenge(begun: &Value) -> Result<Vec<CommandApdu>> {
    let commands = begun.get("commands").and_then(Value::as_array).context("no challenge in the answer")?;
    let parse = |text: &Value| -> Result<CommandApdu> {
        let bytes = hex::decode(text.as_str().context("a command is not text")?)?;
        CommandApdu::parse(&bytes).ok().context("a command is not an APDU")
    };
    commands.iter().map(parse).collect()
}
