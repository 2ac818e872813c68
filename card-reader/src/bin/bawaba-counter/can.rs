//! Where does the card access number come from?

use std::io::{IsTerminal as _, Write as _};

use card_reader::Can;
use zeroize::Zeroizing;

use crate::args::CanArgs;
use crate::failure::Failure;

const VARIABLE: &str = "BAWABA_CAN";

/// From the file, the variable or the keyboard, in this order; never from the command line.
pub(crate) fn ask(args: &CanArgs) -> Result<Can, Failure> {
    let typed = if let Some(path) = &args.can_file {
        std::fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!("the CAN cannot be read from {}: {error}", path.display()))
        })?
    } else if let Ok(set) = std::env::var(VARIABLE) {
        set
    } else {
        prompt()?
    };
    let typed = Zeroizing::new(typed);
    Can::parse(&typed).ok_or_else(|| {
        Failure::Usage("a CAN is the six digits printed on the front of the card, nothing else".to_owned())
    })
}

fn prompt() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        let _ = write!(std::io::stderr(), "CAN (six chiffres sur la carte / six digits on the card): ");
    }
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(typed)
}
