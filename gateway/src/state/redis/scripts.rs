//! What is Redis told to do? One script an operation, so that each is done whole or not at all.

use std::sync::LazyLock;

use redis::Cmd;

/// A script and the hash by which Redis knows it.
pub(super) struct Script {
    text: &'static str,
    hash: String,
}

macro_rules! script {
    ($name:ident, $file:literal, $doc:literal) => {
        #[doc = $doc]
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("memory.lua"), include_str!($file))));
    };
}

script!(EPOCH, "epoch.lua", "Which epoch is it?");
script!(PUT, "put.lua", "Keeps a value for one taker.");
script!(TAKE, "take.lua", "Takes it.");
script!(SPEND, "spend.lua", "Spends a name.");
script!(COUNT, "count.lua", "Adds to a number.");
script!(ENTER, "enter.lua", "Enters a room.");
script!(LEAVE, "leave.lua", "Leaves it.");
script!(INSIDE, "inside.lua", "How many are in?");
/// Looks into a window, and puts an entry into it.
pub(super) static WINDOW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("window.lua")));

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    /// By its hash: 40 octets instead of a kilobyte.
    pub(super) fn by_hash(&self, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
        call("EVALSHA", &self.hash, keys, arguments)
    }

    /// In full, for one who does not know it.
    pub(super) fn in_full(&self, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
        call("EVAL", self.text, keys, arguments)
    }
}

fn call(word: &str, script: &str, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
    let mut command = redis::cmd(word);
    command.arg(script).arg(keys.len());
    for key in keys {
        command.arg(key);
    }
    for argument in arguments {
        command.arg(argument);
    }
    command
}
