//! Does this machine give the gateway what it needs: time, ports, a database, readers, back-ends?

use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;

use super::super::output::moment;
use super::Finding;
use crate::config::BackEndConfig;
use crate::store::{Store, StoreError, StorePlace};

/// No machine that runs this program is older.
const WRITTEN: OffsetDateTime = datetime!(2026-11-01 00:00 UTC);
const PCSCD: &str = "/run/pcscd/pcscd.comm";
const CONNECT: Duration = Duration::from_secs(2);

pub(super) fn clock(at: OffsetDateTime) -> Finding {
    let detail = moment(at);
    match at > WRITTEN {
        true => Finding::ok("clock", detail),
        false => Finding::failed(
            "clock",
            format!("{detail} is before this program was written"),
            "set the clock (chrony, systemd-timesyncd): certificates, tokens and the log depend on it",
        ),
    }
}

pub(super) fn reader_service() -> Finding {
    match Path::new(PCSCD).exists() {
        true => Finding::ok("reader-service", "pcscd runs"),
        false => Finding::warning(
            "reader-service",
            "pcscd does not run; only a counter with a real reader needs it",
            "apt-get install pcscd, then start it (systemctl start pcscd, or pcscd as root)",
        ),
    }
}

pub(super) fn port(check: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::warning(
            check,
            format!("something listens on {address}"),
            "nothing to do if it is this gateway; else stop it (ss -ltnp shows what it is) or change [listen]",
        ),
        Err(error) => Finding::failed(
            check,
            format!("{address}: {error}"),
            "give an address of this machine and a port above 1023 in [listen]",
        ),
    }
}

pub(super) async fn database(place: &StorePlace) -> Finding {
    const CHECK: &str = "database";
    if let StorePlace::Sqlite(path) = place
        && !path.exists()
    {
        let detail = format!("{} does not exist yet", path.display());
        return Finding::warning(CHECK, detail, "the gateway makes it at its first start");
    }
    let remedy = match place {
        StorePlace::Sqlite(_) => {
            "check the disk and the owner of the file and of its -wal and -shm; a copy is made with \
                sqlite3 FILE '.backup COPY'"
        }
        StorePlace::Postgres(_) => "bawaba migrate --config FILE --plan shows whether the schema is complete",
    };
    let read = async {
        let store = Store::open(place).await?;
        let events = store.audit().next_index().await;
        store.close().await;
        anyhow::Ok(events?)
    };
    match read.await {
        Ok(events) => Finding::ok(CHECK, format!("{} holds {events} audit events", place.name())),
        Err(error) => match error.downcast_ref::<StoreError>().map(ToString::to_string) {
            Some(said) => match said.split_once(". Remedy: ") {
                Some((message, remedy)) => Finding::failed(CHECK, message, remedy),
                None => Finding::failed(CHECK, said, remedy),
            },
            None => Finding::failed(CHECK, format!("{}: {error}", place.name()), remedy),
        },
    }
}

pub(super) fn back_end(back_end: &BackEndConfig) -> Finding {
    const CHECK: &str = "back-end";
    let host = back_end.url.host_str().unwrap_or_default();
    let port = back_end.url.port_or_known_default().unwrap_or(443);
    let connected = (host, port).to_socket_addrs().and_then(|addresses| {
        let mut last = std::io::Error::other("no address");
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(_) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    });
    match connected {
        Ok(()) => Finding::ok(CHECK, format!("{} answers on {host}:{port}", back_end.service)),
        Err(error) => Finding::warning(
            CHECK,
            format!("{} on {host}:{port}: {error}", back_end.service),
            "start it, or correct its url; until then its requests are answered 502",
        ),
    }
}
