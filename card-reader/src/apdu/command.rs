//! One command to the card, short or extended. (ISO/IEC 7816-4 §5.1)

use std::fmt;

use zeroize::Zeroize;

use super::{ApduError, EXTENDED_ANSWER, EXTENDED_DATA, SHORT_ANSWER, SHORT_DATA};

/// One command to the card (commande APDU).
///
/// Short or extended is chosen by what it carries. `Debug` shows the header and the lengths, never the data: it may hold a PIN or a name.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandApdu {
    cla: u8,
    ins: u8,
    p1: u8,
    p2: u8,
    data: Vec<u8>,
    le: Option<u32>,
}

impl CommandApdu {
    /// A command without data that expects none back (ISO case 1).
    #[must_use]
    pub const fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self { cla, ins, p1, p2, data: Vec::new(), le: None }
    }

    /// The same command carrying `data`, at most 65,535 bytes.
    ///
    /// # Errors
    /// Data that no length field can announce.
    pub fn with_data(mut self, data: impl Into<Vec<u8>>) -> Result<Self, ApduError> {
        self.data = data.into();
        if self.data.len() > EXTENDED_DATA { Err(ApduError) } else { Ok(self) }
    }

    /// The same command expecting at most `le` bytes back; 0 stands for "as many as a short answer holds", 256.
    #[must_use]
    pub fn expecting(mut self, le: u32) -> Self {
        self.le = Some(if le == 0 { SHORT_ANSWER } else { le.min(EXTENDED_ANSWER) });
        self
    }

    /// The same command under another class byte.
    #[must_use]
    pub const fn with_class(mut self, cla: u8) -> Self {
        self.cla = cla;
        self
    }

    /// Class byte.
    #[must_use]
    pub const fn cla(&self) -> u8 {
        self.cla
    }

    /// Instruction byte.
    #[must_use]
    pub const fn ins(&self) -> u8 {
        self.ins
    }

    /// First parameter.
    #[must_use]
    pub const fn p1(&self) -> u8 {
        self.p1
    }

    /// Second parameter.
    #[must_use]
    pub const fn p2(&self) -> u8 {
        self.p2
    }

    /// Data field, empty when there is none.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Bytes expected back: 1 to 65,536, or none.
    #[must_use]
    pub const fn le(&self) -> Option<u32> {
        self.le
    }

    /// The four header bytes.
    #[must_use]
    pub const fn header(&self) -> [u8; 4] {
        [self.cla, self.ins, self.p1, self.p2]
    }

    /// Does the class byte say that the command is already under secure messaging? (ISO/IEC 7816-4 §5.4.1)
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.cla & 0x80 == 0 && self.cla & 0x0c != 0
    }

    /// Does it need extended length fields?
    #[must_use]
    pub fn is_extended(&self) -> bool {
        self.data.len() > SHORT_DATA || self.le.is_some_and(|le| le > SHORT_ANSWER)
    }

    /// The bytes for the reader.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.data.len() + 9);
        bytes.extend(self.header());
        let length = u16::try_from(self.data.len()).unwrap_or(u16::MAX).to_be_bytes();
        let [.., low] = length;
        if self.is_extended() {
            if !self.data.is_empty() {
                bytes.push(0);
                bytes.extend(length);
                bytes.extend(&self.data);
            }
            if let Some(le) = self.le {
                if self.data.is_empty() {
                    bytes.push(0);
                }
                let [.., high, low] = le.to_be_bytes();
                bytes.extend([high, low]);
            }
        } else {
            if !self.data.is_empty() {
                bytes.push(low);
                bytes.extend(&self.data);
            }
            if let Some(le) = self.le {
                let [.., low] = le.to_be_bytes();
                bytes.push(low);
            }
        }
        bytes
    }

    /// Reads a command as a card receives it.
    ///
    /// # Errors
    /// Fewer than four bytes, or length fields that do not fit what follows.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        let (&[cla, ins, p1, p2], body) = bytes.split_first_chunk::<4>().ok_or(ApduError)?;
        let command = Self::new(cla, ins, p1, p2);
        match body {
            [] => Ok(command),
            [le] => Ok(command.expecting(u32::from(*le))),
            [0, high, low] => Ok(command.expecting(extended_le(*high, *low))),
            [0, high, low, rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let (data, tail) = rest.split_at_checked(length).ok_or(ApduError)?;
                match (length, tail) {
                    (0, _) => Err(ApduError),
                    (_, []) => command.with_data(data),
                    (_, [high, low]) => Ok(command.with_data(data)?.expecting(extended_le(*high, *low))),
                    _ => Err(ApduError),
                }
            }
            [lc, rest @ ..] => {
                let (data, tail) = rest.split_at_checked(usize::from(*lc)).ok_or(ApduError)?;
                match tail {
                    _ if data.is_empty() => Err(ApduError),
                    [] => command.with_data(data),
                    [le] => Ok(command.with_data(data)?.expecting(u32::from(*le))),
                    _ => Err(ApduError),
                }
            }
        }
    }
}

/// Extended Le: 0000 stands for 65,536.
fn extended_le(high: u8, low: u8) -> u32 {
    match u16::from_be_bytes([high, low]) {
        0 => EXTENDED_ANSWER,
        le => u32::from(le),
    }
}

impl fmt::Debug for CommandApdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cla, ins, p1, p2] = self.header();
        write!(f, "CommandApdu({cla:02x}{ins:02x}{p1:02x}{p2:02x} lc={} le={:?})", self.data.len(), self.le)
    }
}

impl Drop for CommandApdu {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}
