//! How do rows look in PostgreSQL's COPY?
//!
//! The text format (PostgreSQL manual, COPY): tabs between columns, `\N` for nothing. Every value here is hexadecimal,
//! a number, a date or one of our own words: nothing needs an escape but the backslash of `\x`.

use std::fmt::Write as _;

use sqlx::PgConnection;

/// Rows on their way.
#[derive(Default)]
pub(super) struct Copy(String);

impl Copy {
    pub(super) fn octets(&mut self, octets: Option<&[u8]>) {
        match octets {
            Some(octets) => {
                self.0.push_str("\\\\x");
                self.0.push_str(&hex::encode(octets));
            }
            None => self.0.push_str("\\N"),
        }
        self.0.push('\t');
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\t');
    }

    pub(super) fn number(&mut self, number: Option<i64>) {
        match number {
            // Nothing can fail: it is a String.
            Some(number) => drop(write!(self.0, "{number}")),
            None => self.0.push_str("\\N"),
        }
        self.0.push('\t');
    }

    pub(super) fn end(&mut self) {
        self.0.pop();
        self.0.push('\n');
    }

    /// All of them, in one statement.
    pub(super) async fn send(
        self,
        connection: &mut PgConnection,
        table: &str,
        columns: &str,
    ) -> Result<(), sqlx::Error> {
        let statement = format!("COPY {table} ({columns}) FROM STDIN");
        let mut copy = connection.copy_in_raw(&statement).await?;
        copy.send(self.0.into_bytes()).await?;
        copy.finish().await?;
        Ok(())
    }
}
