//! What is asked for when the glass is to be broken, and is it said well enough to be answered for?

use card_reader::NationalNumber;
use policies::EmergencyReason;
use zeroize::Zeroizing;

use crate::limits::{EMERGENCY_WORDS_MAX, EMERGENCY_WORDS_MIN};
use crate::problem::ProblemCode;
use crate::refusal::Refusal;
use crate::wire::{EmergencyBody, ParseError, is_label};

/// A request to break the glass, understood and not yet believed (*demande de bris de glace*).
pub(super) struct Asked {
    pub(super) reason: EmergencyReason,
    /// Why, in the practitioner's own words: medical content as a rule, so never in a log.
    pub(super) words: Zeroizing<String>,
    /// One or two, as they came.
    pub(super) statements: Vec<String>,
    /// The number of the patient's CNIE, where there is no session of theirs.
    pub(super) number: Option<NationalNumber>,
    pub(super) station: String,
    pub(super) encounter: Option<String>,
}

impl Asked {
    /// # Errors
    /// The first thing that is wrong, by name.
    pub(super) fn understood(body: EmergencyBody) -> Result<Self, Refusal> {
        let EmergencyBody { reason, words, statements, station, encounter, identifier } = body;
        if !is_label(&station) {
            return Err(ParseError("station is 1 to 64 of A-Z a-z 0-9 . _ -").into());
        }
        if !encounter.as_deref().is_none_or(is_label) {
            return Err(ParseError("encounter is 1 to 64 of A-Z a-z 0-9 . _ -").into());
        }
        if !(1..=2).contains(&statements.len()) {
            return Err(ParseError("statements are those of one or two practitioners").into());
        }
        let number = identifier.map(Zeroizing::new).map(|text| NationalNumber::parse(&text));
        if matches!(number, Some(None)) {
            return Err(
                ParseError("identifier is the number of a CNIE, as in its machine-readable zone").into()
            );
        }
        let reason = EmergencyReason::parse(&reason)
            .ok_or_else(|| Refusal::new(ProblemCode::EmergencyReasonUnknown))?;
        let words = sound_words(Zeroizing::new(words))?;
        Ok(Self { reason, words, statements, number: number.flatten(), station, encounter })
    }
}

/// Words that a reviewer can read.
fn sound_words(words: Zeroizing<String>) -> Result<Zeroizing<String>, Refusal> {
    let refused = |exact| Err(Refusal::exactly(ProblemCode::EmergencyWordsRefused, exact));
    let said = words.chars().filter(|c| !c.is_whitespace()).count();
    match (said, words.chars().count()) {
        (0, _) => refused("emergency-words-missing"),
        (1..EMERGENCY_WORDS_MIN, _) => refused("emergency-words-too-short"),
        (_, length) if length > EMERGENCY_WORDS_MAX => refused("emergency-words-too-long"),
        // Nothing that turns a terminal or hides a word from whoever reviews it.
        _ if words.chars().any(|c| (c.is_control() && c != '\n') || is_bidi_control(c)) => {
            refused("emergency-words-unreadable")
        }
        _ => Ok(words),
    }
}

/// Unicode's explicit directional formatting characters (UAX #9 §2): Arabic needs none of them in plain text.
const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
