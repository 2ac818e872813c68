//! How does one command become one answer, whatever the chip's length limits? (ISO/IEC 7816-4 §5.1.1, §5.3, §11.8)
//!
//! Long commands go in a chain of short ones, answers that wait are fetched, a wrong Le is corrected. Every command sent is counted.

use crate::apdu::{CommandApdu, EXTENDED_ANSWER, ResponseApdu, SHORT_ANSWER, SHORT_DATA};
use crate::error::CardError;
use crate::transport::CardTransport;

/// Commands in one conversation, all counted: an act at the counter takes some 25; a face in short blocks 60 more.
pub(crate) const MOST_COMMANDS: u32 = 600;
/// Class bit of a command with more of its kind to follow.
const CHAINED: u8 = 0x10;

/// The link to one card, with its limits (liaison).
pub(crate) struct Link<'t> {
    transport: &'t mut dyn CardTransport,
    extended: bool,
    commands: u32,
}

impl<'t> Link<'t> {
    /// A link that sends short commands until told otherwise.
    pub(crate) fn new(transport: &'t mut dyn CardTransport) -> Self {
        Self { transport, extended: false, commands: 0 }
    }

    /// Whether the reader, not yet the chip, takes extended lengths.
    pub(crate) fn reader_takes_extended(&self) -> bool {
        self.transport.carries_extended_length()
    }

    /// Sends extended commands as they are from here on, or no longer.
    pub(crate) const fn set_extended(&mut self, extended: bool) {
        self.extended = extended;
    }

    /// Commands sent so far.
    pub(crate) const fn commands(&self) -> u32 {
        self.commands
    }

    /// Sends one command and brings its whole answer.
    pub(crate) fn transmit(&mut self, command: &CommandApdu) -> Result<ResponseApdu, CardError> {
        let response = if command.data().len() > SHORT_DATA && !self.extended {
            self.send_chain(command)?
        } else {
            self.send_correcting_le(command)?
        };
        self.fetch_rest(command, response)
    }

    /// Blocks of 255 bytes; the first that is refused ends the chain.
    fn send_chain(&mut self, command: &CommandApdu) -> Result<ResponseApdu, CardError> {
        let [cla, ins, p1, p2] = command.header();
        let mut blocks = command.data().chunks(SHORT_DATA).peekable();
        while let Some(block) = blocks.next() {
            if blocks.peek().is_none() {
                let last = CommandApdu::new(cla, ins, p1, p2).with_data(block)?;
                return self.send_correcting_le(&expecting(last, command.le()));
            }
            let response = self.send(&CommandApdu::new(cla | CHAINED, ins, p1, p2).with_data(block)?)?;
            if !response.sw.is_ok() {
                return Ok(response);
            }
        }
        Err(CardError::Malformed("command"))
    }

    /// 6Cxx: the same command once more with the Le that the chip names.
    ///
    /// Under secure messaging too: only the outer Le changes, which no MAC covers.
    fn send_correcting_le(&mut self, command: &CommandApdu) -> Result<ResponseApdu, CardError> {
        let le = command.le().map(|le| if self.extended { le } else { le.min(SHORT_ANSWER) });
        let command = expecting(command.clone(), le);
        let response = self.send(&command)?;
        match response.sw.right_le() {
            Some(right) if response.data.is_empty() && command.le() != Some(right) => {
                self.send(&command.expecting(right))
            }
            _ => Ok(response),
        }
    }

    /// 61xx: GET RESPONSE until nothing waits.
    fn fetch_rest(
        &mut self,
        command: &CommandApdu,
        mut response: ResponseApdu,
    ) -> Result<ResponseApdu, CardError> {
        while let Some(waiting) = response.sw.bytes_waiting() {
            let more = self.send(&CommandApdu::new(command.cla() & 0x03, 0xc0, 0, 0).expecting(waiting))?;
            if more.data.is_empty() && more.sw.bytes_waiting().is_some() {
                return Err(CardError::Malformed("answer"));
            }
            response.data.extend(more.data);
            response.sw = more.sw;
            if response.data.len() > EXTENDED_ANSWER as usize {
                return Err(CardError::TooLong("answer"));
            }
        }
        Ok(response)
    }

    fn send(&mut self, command: &CommandApdu) -> Result<ResponseApdu, CardError> {
        if self.commands >= MOST_COMMANDS {
            return Err(CardError::TooManyCommands);
        }
        self.commands += 1;
        Ok(self.transport.transmit(command)?)
    }
}

fn expecting(command: CommandApdu, le: Option<u32>) -> CommandApdu {
    match le {
        Some(le) => command.expecting(le),
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apdu::StatusWord;
    use crate::transport::TransportError;

    /// Answers from a list, and keeps what it was sent.
    struct Script {
        answers: Vec<&'static str>,
        sent: Vec<String>,
    }

    impl CardTransport for Script {
        fn transmit(&mut self, command: &CommandApdu) -> Result<ResponseApdu, TransportError> {
            self.sent.push(hex::encode(command.encode()));
            if self.answers.is_empty() {
                return Err(TransportError::SessionLost);
            }
            Ok(ResponseApdu::parse(&hex::decode(self.answers.remove(0)).unwrap()).unwrap())
        }
    }

    fn run(
        command: &CommandApdu,
        answers: &[&'static str],
    ) -> (Result<ResponseApdu, CardError>, Vec<String>) {
        let mut script = Script { answers: answers.to_vec(), sent: vec![] };
        let result = Link::new(&mut script).transmit(command);
        (result, script.sent)
    }

    fn read() -> CommandApdu {
        CommandApdu::new(0, 0xb0, 0, 0).expecting(256)
    }

    #[test]
    fn waiting_bytes_are_fetched() {
        let (result, sent) = run(&read(), &["aabb6102", "ccdd6101", "ee9000"]);
        assert_eq!(result, Ok(ResponseApdu::ok(vec![0xaa, 0xbb, 0xcc, 0xdd, 0xee])));
        assert_eq!(sent, ["00b0000000", "00c0000002", "00c0000001"]);
    }

    #[test]
    fn a_wrong_le_is_corrected_once() {
        let (result, sent) = run(&read(), &["6c03", "0102039000"]);
        assert_eq!(result, Ok(ResponseApdu::ok(vec![1, 2, 3])));
        assert_eq!(sent, ["00b0000000", "00b0000003"]);
        let (result, sent) = run(&read(), &["6c03", "6c04"]);
        assert_eq!(result, Ok(ResponseApdu::status(StatusWord(0x6c04))));
        assert_eq!(sent.len(), 2);
    }

    #[test]
    fn long_data_goes_in_a_chain() {
        let command = CommandApdu::new(0, 0x86, 0, 0).with_data(vec![9; 600]).unwrap().expecting(256);
        let (result, sent) = run(&command, &["9000", "9000", "7c009000"]);
        assert_eq!(result, Ok(ResponseApdu::ok(vec![0x7c, 0])));
        let starts: Vec<&str> = sent.iter().map(|sent| &sent[..10]).collect();
        assert_eq!(starts, ["10860000ff", "10860000ff", "008600005a"]);
        let (result, sent) = run(&command, &["6884"]);
        assert_eq!(result, Ok(ResponseApdu::status(StatusWord::CHAINING_NOT_SUPPORTED)));
        assert_eq!(sent.len(), 1);
    }

    #[test]
    fn a_chip_that_always_promises_more_is_stopped() {
        let (result, _) = run(&read(), &["6100", "6100"]);
        assert_eq!(result, Err(CardError::Malformed("answer")));
        let endless = vec!["aa6101"; 2000];
        assert_eq!(run(&read(), &endless).0, Err(CardError::TooManyCommands));
    }

    #[test]
    fn a_card_pulled_out_is_no_answer() {
        assert_eq!(run(&read(), &[]).0, Err(CardError::Transport(TransportError::SessionLost)));
    }
}
