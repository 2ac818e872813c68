//! How is the story shown? On a terminal, in one language or in French with English below.

use std::io::{self, IsTerminal, Write};

use card_reader::counter::Language;

use super::curl::Example;
use super::text::{self, Line};

/// Which languages the story is told in (langue).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// French, English below.
    Subtitled,
    /// One language.
    Only(Language),
}

/// Tells the story as it happens (récit).
pub struct Narrator {
    out: Box<dyn Write + Send>,
    tongue: Tongue,
    colours: bool,
    number: u8,
}

impl Narrator {
    /// To standard output, for `bawaba demo`.
    pub fn on_stdout(tongue: Tongue) -> Self {
        Self::new(Box::new(io::stdout()), tongue, io::stdout().is_terminal())
    }

    /// To standard error, for `--once`: standard output is for the JSON document alone.
    pub fn on_stderr(tongue: Tongue) -> Self {
        Self::new(Box::new(io::stderr()), tongue, io::stderr().is_terminal())
    }

    fn new(out: Box<dyn Write + Send>, tongue: Tongue, terminal: bool) -> Self {
        // https://no-color.org
        let colours = terminal && std::env::var_os("NO_COLOR").is_none();
        Self { out, tongue, colours, number: 0 }
    }

    /// The language that refusals are asked for in.
    pub fn language(&self) -> Language {
        match self.tongue {
            Tongue::Subtitled => Language::French,
            Tongue::Only(language) => language,
        }
    }

    /// The title of the whole.
    pub fn title(&mut self) {
        self.blank();
        self.say(Style::Strong, "", &text::TITLE, "");
        self.say(Style::Plain, "", &text::INVENTED, "");
    }

    /// A numbered part, such as "At the counter", with a name behind it.
    pub fn part(&mut self, line: &Line, of: &str) {
        self.number += 1;
        let behind = if of.is_empty() { String::new() } else { format!(" : {of}") };
        self.blank();
        self.say(Style::Strong, &format!("{}. ", self.number), line, &behind);
    }

    /// A step that succeeded and its milliseconds.
    pub fn step(&mut self, name: &str, ms: f64) {
        self.say(Style::Good, &format!("   {ms:>7.1} ms  "), &text::step(name), "");
    }

    /// What a step brought to light.
    pub fn detail(&mut self, detail: &str) {
        self.line(&format!("               → {detail}"));
    }

    /// A refusal: what was tried, what was answered, what was written.
    pub fn refusal(&mut self, case: &str, status: u16, code: &str, title: &str, audit: &str) {
        self.say(Style::Refused, "   ✗  ", &text::refusal(case), "");
        self.line(&format!("      {status} {code} · {title}"));
        self.line(&format!("      audit: {audit}"));
    }

    /// An address and what is there.
    pub fn address(&mut self, name: &str, address: &str) {
        let line = text::address(name).say(self.language());
        self.line(&format!("   {address}  ({line})"));
    }

    /// A line to paste, below what it shows.
    pub fn example(&mut self, example: &Example) {
        let what = text::shows(example.what).say(self.language());
        self.blank();
        self.line(&format!("   # {what}"));
        self.line(&format!("   {}", example.line));
    }

    /// A sentence of its own.
    pub fn sentence(&mut self, line: &Line, behind: &str) {
        self.blank();
        self.say(Style::Plain, "", line, behind);
    }

    fn say(&mut self, style: Style, before: &str, line: &Line, behind: &str) {
        let said = line.say(self.language());
        let shown = style.paint(&format!("{said}{behind}"), self.colours);
        self.line(&format!("{before}{shown}"));
        if self.tongue == Tongue::Subtitled {
            let indent = " ".repeat(before.chars().count());
            let shown = Style::Dim.paint(line.en, self.colours);
            self.line(&format!("{indent}{shown}"));
        }
    }

    fn blank(&mut self) {
        self.line("");
    }

    fn line(&mut self, text: &str) {
        // A closed pipe does not end the demonstration: the gateway goes on serving.
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
    }
}

#[derive(Clone, Copy)]
enum Style {
    Plain,
    Strong,
    Good,
    Refused,
    Dim,
}

impl Style {
    fn paint(self, text: &str, colours: bool) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Strong => "1",
            Self::Good => "32",
            Self::Refused => "31",
            Self::Dim => "2",
        };
        if colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
