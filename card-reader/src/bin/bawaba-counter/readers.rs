//! `readers`: what is connected, and what is on it?

use card_reader::transport::pcsc;
use serde_json::json;

use crate::args::ReadersArgs;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: &ReadersArgs) -> Result<(), Failure> {
    let readers = pcsc::readers()?;
    if args.json {
        let list: Vec<_> = readers
            .iter()
            .map(|reader| {
                json!({"name": reader.name, "state": reader.condition.code(), "atr": hex::encode(&reader.atr)})
            })
            .collect();
        output::json(&json!({"readers": list}));
        return Ok(());
    }
    if readers.is_empty() {
        output::line("Aucun lecteur branché / no reader connected.");
    }
    for reader in readers {
        output::line(&format!("{:<14} {}", reader.condition.code(), reader.name));
    }
    Ok(())
}
