//! What is the next logical line? Folded lines joined, comments left out, a line too long passed over.

use crate::limits;
use memchr::memchr;
use std::io::{self, BufRead};

/// One logical line and the number of its first physical one.
pub(super) enum Line {
    /// Ends a record.
    Blank,
    Text(u64, Vec<u8>),
    /// Longer than [`limits::LDIF_LINE`]; what it held is gone.
    TooLong(u64),
}

pub(super) struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// RFC 2849: a line that begins with a space goes on where the one before ended; `#` begins a comment, which may
    /// be folded too.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let first = self.number + 1;
            let mut line = Vec::new();
            let Some(mut whole) = self.physical(&mut line)? else { return Ok(None) };
            if first == 1 && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            if line.is_empty() && whole {
                return Ok(Some(Line::Blank));
            }
            let comment = line.first() == Some(&b'#');
            while self.input.fill_buf()?.first() == Some(&b' ') {
                self.input.consume(1);
                if comment {
                    line.clear();
                }
                whole &= self.physical(&mut line)?.unwrap_or(true);
            }
            match (comment, whole) {
                (true, _) => {}
                (false, true) => return Ok(Some(Line::Text(first, line))),
                (false, false) => return Ok(Some(Line::TooLong(first))),
            }
        }
    }

    /// Appends one physical line without its end; `false` if it does not fit, `None` at the end of the file.
    fn physical(&mut self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let (mut fits, mut any) = (true, false);
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                self.number += u64::from(any);
                break;
            }
            any = true;
            let end = memchr(b'\n', buffer);
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            fits &= line.len() + part.len() <= limits::LDIF_LINE;
            if fits {
                line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                self.number += 1;
                break;
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(any.then_some(fits))
    }
}
