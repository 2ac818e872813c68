//! What is a case of fraud, and how far is it?

use policies::RiskSignal;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

/// A word of a closed list, as it is stored and shown.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $text:literal,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
            #[serde(rename_all = "kebab-case")]
            pub enum $name {
                $($(#[$item_doc])* $item,)+
            }

            impl $name {
                /// Every word of the list.
                pub const ALL: &'static [Self] = &[$(Self::$item),+];

                /// The word.
                #[must_use]
                pub const fn as_str(self) -> &'static str {
                    match self { $(Self::$item => $text,)+ }
                }

                /// Reads the word.
                #[must_use]
                pub fn parse(text: &str) -> Option<Self> {
                    Self::ALL.iter().copied().find(|word| word.as_str() == text)
                }
            }
        )+
    };
}

words! {
    /// What a case is about (*objet*).
    About {
        /// A card, wherever it goes.
        Card = "card",
        /// A reader, whichever card is on it.
        Station = "station",
        /// An establishment.
        Establishment = "establishment",
    }

    /// How far a case is (*état du dossier*).
    CaseState {
        /// Nobody looked at it yet.
        Open = "open",
        /// Somebody does.
        UnderReview = "under-review",
        /// It has its label.
        Closed = "closed",
    }

    /// What it was in the end (*qualification*).
    Label {
        /// Fraud.
        Fraud = "fraud",
        /// Nothing wrong: the signals were mistaken.
        Honest = "honest",
        /// Nobody will ever know.
        Unclear = "unclear",
    }

    /// What a signal's hits are worth (*régime d'un signal*).
    Regime {
        /// They go into the score, and so into decisions.
        Counts = "counts",
        /// They go into cases only, until their precision is known.
        OnTrial = "on-trial",
        /// They are not looked for.
        Off = "off",
    }
}

impl Regime {
    /// What a signal's hits are worth until an operator rules on it. What rests on a report, or on a state's own signatures,
    /// counts at once. What rests on plausibility is tried first: how far apart the counters of this country are, how its
    /// chips answer and when its pharmacies close, only its own log can tell (`bawaba fraud replay`). A copy is told on sight
    /// and changes nothing for the original, which proves itself each time.
    #[must_use]
    pub const fn shipped(signal: RiskSignal) -> Self {
        match signal {
            RiskSignal::CardReported | RiskSignal::TwoCertificates => Self::Counts,
            _ => Self::OnTrial,
        }
    }
}

/// About what a case is, by a name of the gateway's own making or a registered one: a card's keyed name, `client/station`,
/// a client id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Which kind of thing.
    pub about: About,
    /// Which.
    pub name: String,
}

/// A case (*dossier de fraude*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: Uuid,
    /// About what.
    pub subject: Subject,
    /// How far it is.
    pub state: CaseState,
    /// What it was.
    pub label: Option<Label>,
    /// Who said so.
    pub labelled_by: Option<String>,
    /// The highest score so far.
    pub score: u8,
    /// The card needs its PIN for everything until the case has a label.
    pub quarantined: bool,
    /// When the first hit came.
    pub opened_at: OffsetDateTime,
    /// When the last one came.
    pub seen_at: OffsetDateTime,
}

/// What one signal said, as a case keeps it (*indice*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHit {
    /// The signal.
    pub signal: String,
    /// How much it says, out of 100.
    pub weight: u8,
    /// It went into the score; not, where the signal is on trial.
    pub counted: bool,
    /// Where (*établissement*).
    pub establishment: Option<String>,
    /// At which station.
    pub station: Option<String>,
    /// In which presence.
    pub presence: Option<Uuid>,
    /// By which numbers; never a person.
    pub why: String,
    /// When.
    pub at: OffsetDateTime,
}

/// Hits that came together about one thing.
#[derive(Clone, Debug)]
pub struct Found {
    /// About what.
    pub subject: Subject,
    /// What they are worth together.
    pub score: u8,
    /// The card needs its PIN from now on.
    pub quarantine: bool,
    /// What was said.
    pub hits: Vec<KeptHit>,
    /// When.
    pub at: OffsetDateTime,
}

/// What a signal was worth so far (*précision*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worth {
    /// The signal.
    pub signal: String,
    /// How often it spoke.
    pub hits: u64,
    /// In how many cases.
    pub cases: u64,
    /// Of those, how many were fraud …
    pub fraud: u64,
    /// … and how many were honest. The rest has no label, or an unclear one.
    pub honest: u64,
}

impl Worth {
    /// The share of fraud among the cases that were judged; nothing before the first was.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        let judged = self.fraud + self.honest;
        (judged > 0).then(|| ratio(self.fraud) / ratio(judged))
    }

    /// Between which bounds the true share is, nineteen times out of twenty (Wilson's interval): three cases of three are
    /// no hundred percent.
    #[must_use]
    pub fn bounds(&self) -> Option<(f64, f64)> {
        const Z: f64 = 1.96;
        let (share, judged) = (self.precision()?, ratio(self.fraud + self.honest));
        let middle = share + Z * Z / (2.0 * judged);
        let half = Z * (share * (1.0 - share) / judged + Z * Z / (4.0 * judged * judged)).sqrt();
        let whole = 1.0 + Z * Z / judged;
        Some((((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0)))
    }
}

fn ratio(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_three_are_no_hundred_percent() {
        let worth = |fraud, honest| Worth { signal: String::new(), hits: 9, cases: 9, fraud, honest };
        assert_eq!(worth(0, 0).precision(), None);
        assert_eq!(worth(0, 0).bounds(), None);
        assert_eq!(worth(3, 0).precision(), Some(1.0));
        let (low, high) = worth(3, 0).bounds().unwrap();
        assert!((0.43..0.44).contains(&low) && high > 0.99, "{low} {high}");
        let (low, high) = worth(45, 55).bounds().unwrap();
        assert!((0.35..0.36).contains(&low) && (0.54..0.56).contains(&high), "{low} {high}");
    }
}
