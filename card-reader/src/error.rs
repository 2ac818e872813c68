//! What went wrong, and whose fault is it?

use thiserror::Error;

use crate::apdu::{ApduError, StatusWord};
use crate::transport::TransportError;

/// Who has to act on a failure (partie en cause): a failure always names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The card, or the person who holds it.
    Card,
    /// The reader or its service.
    Reader,
    /// The station's software or the person at the counter.
    Station,
    /// The gateway sent something that a station does not do.
    Gateway,
}

impl Party {
    /// Stable name, as in problem documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Reader => "reader",
            Self::Station => "station",
            Self::Gateway => "gateway",
        }
    }
}

/// What a conversation with a card can end in, at the station. Carries no data of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CardError {
    /// No answer came back.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The chip refused a step.
    #[error("the card refused {step}: {sw}")]
    Refused {
        /// What was being done.
        step: &'static str,
        /// What the chip answered.
        sw: StatusWord,
    },
    /// The CAN that was typed is not this card's.
    #[error("wrong card access number")]
    WrongCan {
        /// Tries left, when the chip says so; 0 is blocked.
        tries_left: Option<u8>,
    },
    /// The PIN that was typed is not this card's.
    #[error("wrong PIN")]
    WrongPin {
        /// Tries left, when the card says so; 0 is blocked.
        tries_left: Option<u8>,
    },
    /// The card has no application of its holder: no PIN can be asked for.
    #[error("the card has no application of its holder")]
    NoHolderApplication,
    /// No PACE that we speak is offered. Nothing weaker is tried (9303-11 §4.2 would allow BAC; a profile must ask for it).
    #[error("the card offers no supported PACE")]
    PaceNotOffered,
    /// The other side broke the rules of PACE: a point off the curve, our own key sent back, a wrong token.
    #[error("PACE failed: {0}")]
    PaceFailed(&'static str),
    /// Secure messaging broke: wrong MAC, missing object. The session is over.
    #[error("secure messaging failed: {0}")]
    SecureMessaging(&'static str),
    /// The chip answered outside the channel, with a bare status word: for both sides the session is over (9303-11 §9.8.3).
    #[error("the card left secure messaging: {0}")]
    ChannelLeft(StatusWord),
    /// A file of the chip is not what the standard says.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// A file announces more bytes than any such file holds.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// A command that a station never runs for a gateway: it would verify a PIN, change or write something.
    #[error("the gateway asked for a command that stations do not run")]
    CommandNotAllowed,
    /// More commands than one act at the counter takes.
    #[error("too many commands for one conversation")]
    TooManyCommands,
    /// The machine has no random numbers.
    #[error("no random numbers")]
    NoRandom,
}

impl CardError {
    /// Stable name, the same in logs, metrics and messages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Transport(error) => error.code(),
            Self::Refused { .. } => "card-refused-command",
            Self::WrongCan { tries_left: Some(0) } => "can-blocked",
            Self::WrongCan { .. } => "wrong-can",
            Self::WrongPin { tries_left: Some(0) } => "pin-blocked",
            Self::WrongPin { .. } => "wrong-pin",
            Self::NoHolderApplication => "holder-application-missing",
            Self::PaceNotOffered => "pace-not-offered",
            Self::PaceFailed(_) => "pace-failed",
            Self::SecureMessaging(_) => "secure-messaging-failed",
            Self::ChannelLeft(_) => "secure-messaging-left",
            Self::Malformed(_) => "card-file-malformed",
            Self::TooLong(_) => "card-file-too-long",
            Self::CommandNotAllowed => "command-not-allowed",
            Self::TooManyCommands => "too-many-commands",
            Self::NoRandom => "no-random",
        }
    }

    /// Who has to act.
    #[must_use]
    pub const fn party(self) -> Party {
        match self {
            Self::Transport(TransportError::ReaderUnusable | TransportError::Garbled) => Party::Reader,
            Self::WrongCan { .. } | Self::NoRandom => Party::Station,
            Self::CommandNotAllowed | Self::TooManyCommands => Party::Gateway,
            _ => Party::Card,
        }
    }
}

impl From<ApduError> for CardError {
    fn from(_: ApduError) -> Self {
        Self::Malformed("command")
    }
}

/// Why a card was not accepted as present, at the gateway. The exact code goes to the audit event; the counter sees one text for all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PresenceError {
    /// Passive authentication: signature, chain, revocation or a hash does not hold.
    #[error(transparent)]
    Untrusted(#[from] pki::PkiError),
    /// A file is not what the standard says.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// A check digit of the MRZ does not hold (9303-3 §4.9).
    #[error("wrong check digit in the MRZ: {0}")]
    CheckDigit(&'static str),
    /// A trusted state signed it, but not the one that issues such cards, or not for this kind of document.
    #[error("this signer does not sign such cards")]
    WrongIssuer,
    /// The document's date of expiry has passed.
    #[error("the document has expired")]
    DocumentExpired,
    /// The profile's place for the national number is empty or holds something else.
    #[error("no national number where the card profile says")]
    NoNationalNumber,
    /// The EF.SOD lists a data group that was not sent.
    #[error("a data group that the state signed was not sent")]
    DataGroupWithheld,
    /// EF.CardAccess, unsigned, offers a PACE that the signed DG14 does not know.
    #[error("EF.CardAccess contradicts DG14")]
    CardAccessContradicted,
    /// Neither Chip nor Active Authentication that we speak: the chip could be a copy.
    #[error("the card offers no way to prove that it is the original")]
    CannotProve,
    /// The number of answers is not the number of commands.
    #[error("the answers do not match the commands")]
    AnswersMissing,
    /// The chip refused a step of the challenge.
    #[error("the card refused the challenge: {0}")]
    ChipRefused(StatusWord),
    /// The answer was not made with the key that the state vouches for: a copy of the card.
    #[error("the chip is not the original")]
    ChipNotGenuine,
    /// The genuine chip holds another DG1 than the one sent: data of another card.
    #[error("the data is not that of this chip")]
    DataOfAnotherChip,
    /// The machine has no random numbers.
    #[error("no random numbers")]
    NoRandom,
}

impl PresenceError {
    /// Stable name, the same in logs, metrics and audit events.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Untrusted(error) => error.code(),
            Self::Malformed(_) => "card-file-malformed",
            Self::CheckDigit(_) => "mrz-check-digit",
            Self::WrongIssuer => "wrong-issuer",
            Self::DocumentExpired => "document-expired",
            Self::NoNationalNumber => "national-number-missing",
            Self::DataGroupWithheld => "data-group-withheld",
            Self::CardAccessContradicted => "card-access-contradicted",
            Self::CannotProve => "card-cannot-prove",
            Self::AnswersMissing => "answers-missing",
            Self::ChipRefused(_) => "chip-refused",
            Self::ChipNotGenuine => "chip-not-genuine",
            Self::DataOfAnotherChip => "data-of-another-chip",
            Self::NoRandom => "no-random",
        }
    }

    /// Does this look like a copied card rather than a broken one? The gateway raises a risk signal.
    #[must_use]
    pub const fn suggests_clone(&self) -> bool {
        matches!(self, Self::ChipNotGenuine | Self::DataOfAnotherChip)
    }
}
