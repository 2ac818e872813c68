//! `read`: what does the card on the reader say?

use std::time::Instant;

use card_reader::conversation::Conversation;
use card_reader::counter::{Holder, Language};
use card_reader::profile::CardProfile;
use card_reader::transport::pcsc::{PcscDeadlines, PcscTransport, choose_reader};
use card_reader::{CardTranscript, CardTransport as _};
use serde_json::json;

use crate::args::ReadArgs;
use crate::failure::Failure;
use crate::{can, output};

pub(crate) fn run(args: &ReadArgs, _language: Language) -> Result<(), Failure> {
    let reader = choose_reader(args.reader.as_deref())?;
    let can = can::ask(&args.can)?;
    let started = Instant::now();
    let mut transport = PcscTransport::connect(&reader, PcscDeadlines::default())?;
    let (atr, extended) = (hex::encode(transport.atr()), transport.carries_extended_length());
    let mut conversation = Conversation::open(&mut transport, &can, CardProfile::default())?;
    let pace_ms = started.elapsed().as_millis();
    let transcript = conversation.read_transcript()?;
    let (apdus, ms) = (conversation.exchanges(), started.elapsed().as_millis());

    let holder = Holder::from_transcript(&transcript);
    if args.json {
        output::json(&json!({
            "reader": reader, "atr": atr, "extended_length": extended, "profile": transcript.profile.as_str(),
            "holder": holder.as_ref().map(|holder| json!({"name": holder.full_name(), "born": holder.born()})),
            "files": sizes(&transcript).into_iter().collect::<serde_json::Map<_, _>>(),
            "verified": false, "apdus": apdus, "pace_ms": pace_ms, "ms": ms,
        }));
        return Ok(());
    }
    output::line(&format!("lecteur     {reader}"));
    output::line(&format!("profil      {}", transcript.profile));
    if let Some(holder) = holder {
        output::line(&format!(
            "titulaire   {}, né(e) le {}",
            holder.full_name(),
            holder.born().unwrap_or_default()
        ));
    }
    for (name, size) in sizes(&transcript) {
        output::line(&format!("{name:<11} {size} octets"));
    }
    output::line(&format!("{apdus} APDU, {ms} ms (PACE {pace_ms} ms)"));
    output::line(
        "Lu, non vérifié : seule la passerelle juge une carte. / Read, not verified: only the gateway judges.",
    );
    Ok(())
}

fn sizes(transcript: &CardTranscript) -> Vec<(String, serde_json::Value)> {
    let files = [
        ("card_access", transcript.card_access.as_ref()),
        ("sod", Some(&transcript.sod)),
        ("dg1", Some(&transcript.dg1)),
        ("dg14", transcript.dg14.as_ref()),
        ("dg15", transcript.dg15.as_ref()),
    ];
    files.into_iter().filter_map(|(name, file)| Some((name.to_owned(), json!(file?.len())))).collect()
}
