//! What is wrong with this machine or this gateway, and what can be done about it?

mod files;
mod lists;
mod machine;
mod postgres;
mod shared_state;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::{Exit, Failure, place, runtime};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;

#[derive(Debug, Args)]
#[command(
    after_help = "Looks, and changes nothing. Exit code 0: nothing failed; 1: at least one check failed.\n\n\
    Examples:\n  bawaba doctor\n  bawaba doctor --config /etc/bawaba/gateway.toml --json\n  bawaba doctor --state ./var/demo"
)]
pub(super) struct Arguments {
    /// A folder made by `bawaba demo`
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    state: Option<PathBuf>,
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What one check found (constat).
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    standing: Standing,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Ok,
    Warning,
    Failed,
}

#[derive(Serialize)]
struct Diagnosis {
    healthy: bool,
    findings: Vec<Finding>,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, standing: Standing::Ok, detail: detail.into(), remedy: None }
    }

    fn warning(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, standing: Standing::Warning, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    fn failed(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, standing: Standing::Failed, detail: detail.into(), remedy: Some(remedy.into()) }
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let at = SystemClock.now();
    let mut findings = vec![machine::clock(at), machine::reader_service()];
    if arguments.state.is_some() || arguments.config.is_some() {
        let file = place::config_file(arguments.state.as_ref(), arguments.config.as_ref());
        match place::load(&file) {
            Ok(config) => {
                findings.push(Finding::ok("configuration", file.display().to_string()));
                findings.extend(of_gateway(&config, at)?);
            }
            Err(failure) => {
                let remedy = failure.remedy.unwrap_or_default();
                findings.push(Finding::failed("configuration", failure.message, remedy));
            }
        }
    }
    let healthy = findings.iter().all(|finding| finding.standing != Standing::Failed);
    let diagnosis = Diagnosis { healthy, findings };
    output.answer(&diagnosis, || diagnosis.findings.iter().map(text).collect())?;
    match healthy {
        true => Ok(()),
        false => Err(Failure::new(Exit::Failed, "at least one check failed")),
    }
}

fn of_gateway(config: &Config, at: time::OffsetDateTime) -> Result<Vec<Finding>, Failure> {
    let mut findings = vec![
        files::private("tls-key", &config.tls.key),
        files::keys(config, at),
        files::certificate("server-certificate", &config.tls.cert, at),
        files::certificate("client-authority", &config.tls.client_ca, at),
        files::client_crl(&config.tls, at),
    ];
    findings.extend(config.trust.csca.iter().map(|path| files::certificate("country-signer", path, at)));
    findings.extend(config.trust.crl.iter().map(|path| files::country_crl(path, at)));
    findings.extend(lists::sources(config.trust.fetch.as_ref()));
    if let Some(list) = &config.trust.hot_list {
        // Without its key no list can be read; the finding about the keys says what is wrong with them.
        let key_check = hsm_config::open(&config.keys, at)
            .and_then(|keys| crate::trust::hot_list::key_check(keys.signer.as_ref()));
        findings.extend(key_check.map(|key_check| lists::hot_list(list, key_check, at)).unwrap_or_default());
    }
    findings.push(files::policies(&config.policies));
    findings.push(runtime()?.block_on(machine::database(&config.store)));
    findings.extend(runtime()?.block_on(postgres::findings(&config.store)));
    findings.push(runtime()?.block_on(shared_state::look(&config.state)));
    findings.push(machine::port("api-port", config.listen.api));
    findings.push(machine::port("public-port", config.listen.public));
    findings.extend(config.back_ends.values().map(machine::back_end));
    Ok(findings)
}

fn text(finding: &Finding) -> String {
    let mark = match finding.standing {
        Standing::Ok => "ok     ",
        Standing::Warning => "warning",
        Standing::Failed => "FAILED ",
    };
    let remedy =
        finding.remedy.as_ref().map(|remedy| format!("\n           remedy: {remedy}")).unwrap_or_default();
    format!("{mark}  {}: {}{remedy}\n", finding.check, finding.detail)
}
