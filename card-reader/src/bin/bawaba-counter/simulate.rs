//! `simulate`: how does a card without plastic get onto a real reader?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use card_reader::counter::DemoState;
use card_reader::vpcd::{FIRST_SLOT, SECOND_SLOT, Unplugged, VirtualSlot};

use crate::args::{SimulateArgs, Slot};
use crate::cards::PrintedCard;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: &SimulateArgs) -> Result<(), Failure> {
    let path = match (&args.state, args.card.to_str()) {
        // A name among the demonstration's cards, unless it is plainly a path.
        (Some(state), Some(name)) if !args.card.is_file() => DemoState::new(state).card(name)?,
        _ => args.card.clone(),
    };
    let mut chip = PrintedCard::chip(&path)?;
    let address = match args.slot {
        Slot::First => FIRST_SLOT,
        Slot::Second => SECOND_SLOT,
    };
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(&stop)?;
    let mut slot = VirtualSlot::insert(address).map_err(Failure::Virtual)?;
    output::line(&format!("{} is on the virtual reader at {address}; Ctrl-C takes it off.", path.display()));
    let unplugged = slot.run(&mut chip, &stop).map_err(Failure::Virtual)?;
    output::line(match unplugged {
        Unplugged::OnRequest => "Taken off.",
        Unplugged::ByItself => "The card left by itself, as its file says.",
        Unplugged::ByReader => "The reader closed: pcscd stopped, or another card took the slot.",
    });
    Ok(())
}

/// Ctrl-C and SIGTERM pull the card out, so that pcscd sees a removal and not a crash.
fn stop_on_signal(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Internal(error.to_string()))?;
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        runtime.block_on(crate::page::stop_signal());
        stop.store(true, Ordering::SeqCst);
        // A mute card may keep its thread busy; a person who asked twice has waited long enough.
        std::thread::sleep(Duration::from_secs(2));
        std::process::exit(0);
    });
    Ok(())
}
