//! How did the command go? (ISO/IEC 7816-4 §5.1.3, table 5 and 6)

use std::fmt;

/// The two bytes that end every answer of a card (mot d'état).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// 9000
    pub const OK: Self = Self(0x9000);
    /// 6282: fewer bytes in the file than asked for; what there was has been sent.
    pub const END_OF_FILE: Self = Self(0x6282);
    /// 6300
    pub const AUTHENTICATION_FAILED: Self = Self(0x6300);
    /// 6700
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// 6883
    pub const LAST_COMMAND_OF_CHAIN_EXPECTED: Self = Self(0x6883);
    /// 6884
    pub const CHAINING_NOT_SUPPORTED: Self = Self(0x6884);
    /// 6982
    pub const SECURITY_STATUS_NOT_SATISFIED: Self = Self(0x6982);
    /// 6983
    pub const AUTHENTICATION_METHOD_BLOCKED: Self = Self(0x6983);
    /// 6985
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    /// 6986
    pub const COMMAND_NOT_ALLOWED: Self = Self(0x6986);
    /// 6987
    pub const SECURE_MESSAGING_OBJECTS_MISSING: Self = Self(0x6987);
    /// 6988
    pub const SECURE_MESSAGING_OBJECTS_INCORRECT: Self = Self(0x6988);
    /// 6A80
    pub const WRONG_DATA: Self = Self(0x6a80);
    /// 6A82
    pub const FILE_NOT_FOUND: Self = Self(0x6a82);
    /// 6A86
    pub const WRONG_PARAMETERS: Self = Self(0x6a86);
    /// 6A88
    pub const REFERENCED_DATA_NOT_FOUND: Self = Self(0x6a88);
    /// 6B00
    pub const OFFSET_BEYOND_END: Self = Self(0x6b00);
    /// 6D00
    pub const INSTRUCTION_NOT_SUPPORTED: Self = Self(0x6d00);
    /// 6E00
    pub const CLASS_NOT_SUPPORTED: Self = Self(0x6e00);
    /// 6F00
    pub const NO_PRECISE_DIAGNOSIS: Self = Self(0x6f00);

    /// 63Cx: authentication failed, `x` tries left.
    #[must_use]
    pub const fn tries_left_is(tries: u8) -> Self {
        Self(0x63c0 | (tries & 0x0f) as u16)
    }

    /// First byte.
    #[must_use]
    pub const fn sw1(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// Second byte.
    #[must_use]
    pub const fn sw2(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// 9000 and nothing else.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        self.0 == Self::OK.0
    }

    /// 61xx: this many bytes wait for GET RESPONSE; `Some(256)` for 6100.
    #[must_use]
    pub const fn bytes_waiting(self) -> Option<u32> {
        self.counted(0x61)
    }

    /// 6Cxx: the Le that the card would accept; `Some(256)` for 6C00.
    #[must_use]
    pub const fn right_le(self) -> Option<u32> {
        self.counted(0x6c)
    }

    const fn counted(self, sw1: u8) -> Option<u32> {
        match self.0.to_be_bytes() {
            [first, 0] if first == sw1 => Some(256),
            [first, count] if first == sw1 => Some(count as u32),
            _ => None,
        }
    }

    /// 63Cx: how many tries are left; 6983 counts as none.
    #[must_use]
    pub const fn tries_left(self) -> Option<u8> {
        match self.0 {
            0x6983 => Some(0),
            sw if sw & 0xfff0 == 0x63c0 => Some(self.sw2() & 0x0f),
            _ => None,
        }
    }

    /// The name in the standard, for people who read logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OK => "ok",
            Self::END_OF_FILE => "end of file before Le bytes",
            Self::AUTHENTICATION_FAILED => "authentication failed",
            Self::WRONG_LENGTH => "wrong length",
            Self::LAST_COMMAND_OF_CHAIN_EXPECTED => "last command of the chain expected",
            Self::CHAINING_NOT_SUPPORTED => "command chaining not supported",
            Self::SECURITY_STATUS_NOT_SATISFIED => "security status not satisfied",
            Self::AUTHENTICATION_METHOD_BLOCKED => "authentication method blocked",
            Self::CONDITIONS_NOT_SATISFIED => "conditions of use not satisfied",
            Self::COMMAND_NOT_ALLOWED => "command not allowed",
            Self::SECURE_MESSAGING_OBJECTS_MISSING => "secure messaging objects missing",
            Self::SECURE_MESSAGING_OBJECTS_INCORRECT => "secure messaging objects incorrect",
            Self::WRONG_DATA => "incorrect parameters in the data field",
            Self::FILE_NOT_FOUND => "file or application not found",
            Self::WRONG_PARAMETERS => "incorrect parameters P1-P2",
            Self::REFERENCED_DATA_NOT_FOUND => "referenced data not found",
            Self::OFFSET_BEYOND_END => "offset beyond the end of the file",
            Self::INSTRUCTION_NOT_SUPPORTED => "instruction not supported",
            Self::CLASS_NOT_SUPPORTED => "class not supported",
            Self::NO_PRECISE_DIAGNOSIS => "no precise diagnosis",
            _ => match self.sw1() {
                0x61 => "more bytes waiting",
                0x6c => "wrong Le",
                0x63 if self.sw2() & 0xf0 == 0xc0 => "authentication failed, tries left",
                0x62 | 0x63 => "warning",
                0x64..=0x66 => "execution error",
                0x67..=0x6f => "checking error",
                _ => "unknown",
            },
        }
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} {}", self.0, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_second_byte() {
        assert_eq!(StatusWord(0x6110).bytes_waiting(), Some(16));
        assert_eq!(StatusWord(0x6100).bytes_waiting(), Some(256));
        assert_eq!(StatusWord(0x6ce7).right_le(), Some(0xe7));
        assert_eq!(StatusWord(0x63c2).tries_left(), Some(2));
        assert_eq!(StatusWord(0x6983).tries_left(), Some(0));
        assert_eq!(StatusWord(0x6300).tries_left(), None);
        assert_eq!(StatusWord::tries_left_is(2), StatusWord(0x63c2));
    }

    #[test]
    fn words_are_shown_by_number_and_name() {
        assert_eq!(StatusWord(0x6982).to_string(), "6982 security status not satisfied");
        assert_eq!(StatusWord(0x63c1).to_string(), "63C1 authentication failed, tries left");
    }
}
