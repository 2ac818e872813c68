//! What can be asked of this program?

use std::net::SocketAddr;
use std::path::PathBuf;

use card_reader::counter::{ClientIdentity, DemoState, GatewayClient, Language};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::failure::Failure;
use crate::pin::HolderArgs;

/// Turns a card on a reader into a session at the Bawaba gateway.
///
/// Without a subcommand it serves the counter page, http://127.0.0.1:8443/ by default. A counter needs three
/// things: a reader (PC/SC), the gateway's address, and its own certificate.
#[derive(Debug, Parser)]
#[command(
    name = "bawaba-counter",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Try it with a running demonstration (bawaba demo --state DIR):
  bawaba-counter --state DIR                      the counter page, with the demonstration's cards
  bawaba-counter cards --state DIR                which cards there are
  bawaba-counter open --state DIR --card amina    one whole act: session, token, receipt
  bawaba-counter open --state DIR --card amina --as hospital-1 --holder   the same, the holder agreeing by PIN
With a reader:
  bawaba-counter readers                          what is connected, and what is on it
  BAWABA_CAN=123456 bawaba-counter read           what the card says (the CAN is never an argument)
Without a reader, through the real PC/SC daemon:
  bawaba-counter simulate DIR/cards/fatima.json   lays that card on the virtual reader of vsmartcard-vpcd

Exit codes: 0 done; 64 wrong usage; 65 the card or its number was refused; 69 reader, card, gateway or back-end
not there; 70 an answer nobody expected; 77 not permitted; 78 a file of this counter is missing or wrong.
Logs go to stderr (BAWABA_LOG=debug for more) and never hold a CAN, a name or what a card said."
)]
pub(crate) struct CounterArgs {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Language of the messages for the staff.
    #[arg(long, global = true, default_value = "fr", value_parser = parse_language, value_name = "fr|ar|en")]
    pub(crate) lang: Language,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the readers and what is on each.
    Readers(ReadersArgs),
    /// Read the card on a reader and print what it says. Nothing is sent, and nothing it says is believed.
    Read(ReadArgs),
    /// One whole act at the counter: card, challenge, proof, session. Prints session, token and receipt.
    Open(OpenArgs),
    /// List the cards of a demonstration with the number printed on each.
    Cards(CardsArgs),
    /// Lay a simulated card on the virtual reader of a real pcscd, until Ctrl-C.
    Simulate(SimulateArgs),
    /// Serve the counter page (the same as no subcommand).
    Serve(ServeArgs),
}

/// Which gateway, and as whom.
#[derive(Debug, Args)]
pub(crate) struct ConnectionArgs {
    /// Folder of a `bawaba demo --state`: gives the address, the certificates and the cards.
    #[arg(long, value_name = "DIR", env = "BAWABA_STATE")]
    pub(crate) state: Option<PathBuf>,
    /// With --state: which of the demonstration's clients this counter is.
    #[arg(long = "as", value_name = "CLIENT", default_value = "pharmacy-1")]
    pub(crate) client: String,
    /// Without --state: the gateway's mTLS address, https://HOST:PORT.
    #[arg(long, value_name = "URL", requires_all = ["ca", "cert", "key"], conflicts_with = "state")]
    pub(crate) gateway: Option<String>,
    /// Who vouches for the gateway (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// This counter's certificate (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// What this counter calls its reader in the gateway's log.
    #[arg(long, value_name = "NAME", default_value = "poste-1")]
    pub(crate) station: String,
}

impl ConnectionArgs {
    pub(crate) fn demo(&self) -> Option<DemoState> {
        self.state.as_deref().map(DemoState::new)
    }

    pub(crate) fn client(&self) -> Result<GatewayClient, Failure> {
        if let Some(state) = self.demo() {
            return Ok(state.client(&self.client)?);
        }
        match (&self.gateway, &self.ca, &self.cert, &self.key) {
            (Some(gateway), Some(ca), Some(cert), Some(key)) => {
                let identity = ClientIdentity { certificate: cert.clone(), key: key.clone(), ca: ca.clone() };
                Ok(GatewayClient::new(gateway, &identity)?)
            }
            _ => Err(Failure::Usage(
                "which gateway? Give --state DIR of a demonstration, or --gateway, --ca, --cert and --key."
                    .to_owned(),
            )),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ReadersArgs {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CardsArgs {
    /// Folder of a `bawaba demo --state`.
    #[arg(long, value_name = "DIR", env = "BAWABA_STATE")]
    pub(crate) state: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the card access number comes from: never from the command line, which every user of the machine can see.
#[derive(Debug, Args)]
pub(crate) struct CanArgs {
    /// Read the six digits of the CAN from this file. Otherwise: the variable BAWABA_CAN, else a prompt.
    #[arg(long, value_name = "FILE")]
    pub(crate) can_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// The reader's name as `readers` lists it; needed only when several hold a card.
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
    #[command(flatten)]
    pub(crate) can: CanArgs,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// A card of the demonstration, by name; its CAN is read off the card. Without it: the card on the reader.
    #[arg(long, value_name = "NAME", requires = "state", conflicts_with_all = ["reader", "can_file"])]
    pub(crate) card: Option<String>,
    /// The reader's name; needed only when several hold a card.
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
    #[command(flatten)]
    pub(crate) can: CanArgs,
    /// Why the data is needed: an HL7 PurposeOfUse code (TREAT care, HPAYMT billing, ETREAT emergency).
    #[arg(long, value_name = "CODE", default_value = "TREAT")]
    pub(crate) purpose: String,
    #[command(flatten)]
    pub(crate) holder: HolderArgs,
    /// Open for a child of the holder: the subject that an earlier session gave.
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) dependant: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// A card file, or with --state the name of a card of the demonstration.
    #[arg(value_name = "CARD")]
    pub(crate) card: PathBuf,
    /// Folder of a `bawaba demo --state`.
    #[arg(long, value_name = "DIR", env = "BAWABA_STATE")]
    pub(crate) state: Option<PathBuf>,
    /// Which of the virtual reader's two slots.
    #[arg(long, value_enum, default_value_t = Slot::First)]
    pub(crate) slot: Slot,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Slot {
    /// "Virtual PCD 00 00", TCP 35963.
    First,
    /// "Virtual PCD 00 01", TCP 35964.
    Second,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Where the page is served. Loopback only: it shows medical data and has no log-in.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub(crate) listen: SocketAddr,
}

impl CounterArgs {
    /// Was a machine-readable answer asked for?
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            Some(Command::Readers(args)) => args.json,
            Some(Command::Read(args)) => args.json,
            Some(Command::Open(args)) => args.json,
            Some(Command::Cards(args)) => args.json,
            Some(Command::Simulate(_) | Command::Serve(_)) | None => false,
        }
    }
}

fn parse_language(tag: &str) -> Result<Language, String> {
    Language::from_tag(tag).ok_or_else(|| "fr, ar or en".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        CounterArgs::command().debug_assert();
    }

    #[test]
    fn no_argument_takes_the_can_itself() {
        assert!(CounterArgs::try_parse_from(["bawaba-counter", "read", "--can", "123456"]).is_err());
        assert!(CounterArgs::try_parse_from(["bawaba-counter", "read", "123456"]).is_err());
        let open = ["bawaba-counter", "open", "--state", "s", "--holder"];
        assert!(CounterArgs::try_parse_from(open.into_iter().chain(["--pin", "4417"])).is_err());
        assert!(CounterArgs::try_parse_from(open.into_iter().chain(["--pin-from", "4417"])).is_err());
        assert!(CounterArgs::try_parse_from(open.into_iter().chain(["--pin-from", "env:PIN"])).is_ok());
    }

    #[test]
    fn a_gateway_without_certificates_is_not_enough() {
        assert!(CounterArgs::try_parse_from(["bawaba-counter", "open", "--gateway", "https://x"]).is_err());
        let args =
            CounterArgs::try_parse_from(["bawaba-counter", "open", "--state", "a b", "--card", "x"]).unwrap();
        assert!(matches!(args.command, Some(Command::Open(_))));
    }
}
