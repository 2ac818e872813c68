//! Who is at fault?

/// Who is at fault (partie en cause).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The card on the reader.
    Card,
    /// The card reader.
    Reader,
    /// The counter's station and its software.
    Station,
    /// This gateway.
    Gateway,
    /// The registry of patients and clients.
    Registry,
    /// The dossier, prescription or billing service.
    BackEnd,
}

impl Party {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Reader => "reader",
            Self::Station => "station",
            Self::Gateway => "gateway",
            Self::Registry => "registry",
            Self::BackEnd => "back-end",
        }
    }
}
