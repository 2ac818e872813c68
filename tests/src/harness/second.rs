//! A second gateway beside one that runs: of another installation, or of the same.

use std::path::{Path, PathBuf};

use gateway::demo::folder::StateFolder;
use gateway::demo::ports::Ports;
use tokio_util::sync::CancellationToken;

use super::engine::Engine;
use super::{Harness, addresses, free_base};
use crate::faulty::Faults;

/// A second gateway beside one that runs, with a database of its own.
pub(super) async fn twin(town: &Harness) -> Harness {
    another(town, "", |_| {}).await
}

/// A second gateway of the same installation.
pub(super) async fn beside(town: &Harness) -> Harness {
    // A file of a database that is open here must not be opened and closed by others of this process: POSIX locks are
    // the process's, and would be gone. The other gateway opens the same one anyway.
    another(town, "bawaba.db", |config| {
        let whole = |path: PathBuf| toml::Value::from(path.to_str().expect("UTF-8"));
        if config["store"].get("sqlite").is_some() {
            config["store"]["sqlite"] = whole(town.files.database());
        }
        let crl = config["tls"]["client_crl"].as_str().expect("a path").to_owned();
        config["tls"]["client_crl"] = whole(town.files.root().join(crl));
    })
    .await
}

async fn another(town: &Harness, not: &str, edit: impl FnOnce(&mut toml::Table)) -> Harness {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_but(town.files.root(), folder.path(), not);
    let files = StateFolder::open(folder.path()).expect("a folder");
    let (api, public_port) = addresses(Ports::at(free_base()));
    let text = std::fs::read_to_string(files.config()).expect("a configuration");
    let mut config: toml::Table = text.parse().expect("TOML");
    config["listen"]["api"] = api.to_string().into();
    config["listen"]["public"] = public_port.to_string().into();
    config["keys"]["file"] = town.files.keys().to_str().expect("UTF-8").into();
    config["keys"]["passphrase"] = format!("file:{}", town.files.key_passphrase().display()).into();
    edit(&mut config);
    std::fs::write(files.config(), config.to_string()).expect("a writable folder");
    let audit = Faults::default();
    let engine = Engine::in_process(&files, town.clock.clone(), audit.clone()).await;
    Harness {
        files,
        api,
        public_port,
        clock: town.clock.clone(),
        audit,
        engine,
        misbehaving: Vec::new(),
        back_ends: CancellationToken::new(),
        _folder: folder,
    }
}

/// A folder with all that is in it.
pub(super) fn copy(from: &Path, to: &Path) {
    copy_but(from, to, "");
}

/// Without the files whose names begin so.
fn copy_but(from: &Path, to: &Path, not: &str) {
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if !not.is_empty() && entry.file_name().to_string_lossy().starts_with(not) {
            continue;
        }
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("a writable folder");
            copy_but(&entry.path(), &target, not);
        } else {
            std::fs::copy(entry.path(), &target).expect("a writable folder");
        }
    }
}
