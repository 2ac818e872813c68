//! `bawaba demo`: the whole story in one command, on any machine.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bawaba_tests::harness::free_base;
use bawaba_tests::program::{self, Running, bawaba, run, text};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

fn once(state: &Path, base: u16) -> Command {
    let mut command = bawaba(&["demo", "--once", "--state"]);
    command.arg(state).arg("--port-base").arg(base.to_string());
    command
}

/// Runs one act: the document on stdout, and what was logged.
fn act(command: &mut Command) -> (Value, String) {
    let output = run(command, LIMIT);
    let log = text(&output.stderr);
    assert!(output.status.success(), "{:?}: {log}", output.status);
    let document = serde_json::from_slice(&output.stdout);
    (document.unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout))), log)
}

#[test]
fn one_act_prints_one_document_with_everything_in_it_and_a_second_one_works_on_the_same_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("un dossier à espaces");
    for _ in 0..2 {
        let (act, _) = act(&mut once(&state, free_base()));
        assert_eq!(act["prescription"]["resourceType"], "Bundle", "{act}");
        assert!(act["session"]["subject"].is_string(), "{act}");
        assert!(act["claims"]["cnf"]["x5t#S256"].is_string(), "{act}");
        assert!(act["receipt"].is_string() || act["receipt"].is_object(), "{act}");
        assert_eq!(
            act["refusals"].as_array().map(Vec::len),
            Some(3),
            "a clone, a replayed proof, a dossier: {act}"
        );
        assert_eq!((&act["agreement"]["status"], &act["agreement"]["acr"]), (&401.into(), &"holder".into()));
        let apdus = act["apdus"].as_u64().or_else(|| act["apdus"].as_array().map(|all| all.len() as u64));
        assert!(apdus.is_some_and(|count| (5..=40).contains(&count)), "at most 40 APDUs: {}", act["apdus"]);
        let steps = act["steps"].as_array().expect("steps");
        assert!(steps.iter().all(|step| step["name"].is_string() && step["ms"].is_number()), "{steps:?}");
        assert!(steps.len() >= 6, "{steps:?}");
    }
}

#[test]
fn a_port_that_is_taken_is_no_obstacle_and_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    // Away from the other tests: the demonstration moves on to ports that nobody has set aside for it.
    let base = 14_000 + free_base() % 5_000;
    let _taken = std::net::TcpListener::bind(("127.0.0.1", base + 1)).expect("a free port");
    let (_, log) = act(&mut once(folder.path(), base));
    let others = (1..50).map(|step| (base + 10 * step).to_string());
    assert!(others.into_iter().any(|other| log.contains(&other)), "it does not say where it went: {log}");
}

#[test]
fn a_user_without_rights_can_run_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path(), open.clone()).expect("our own folder");
    let state = folder.path().join("state");
    let arguments = ["demo", "--once", "--port-base", &free_base().to_string(), "--state"].map(str::to_owned);
    let user = Command::new("id").arg("-u").output().expect("id");
    let mut command = if text(&user.stdout).trim() == "0" {
        // The build may lie where nobody else may look.
        let copy = folder.path().join("bawaba");
        std::fs::copy(program::path("bawaba"), &copy).expect("a copy");
        std::fs::set_permissions(&copy, open).expect("our own copy");
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(copy)
            .env("HOME", "/nonexistent");
        command
    } else {
        Command::new(program::path("bawaba"))
    };
    let (act, _) = act(command.args(arguments).arg(&state).current_dir(folder.path()));
    assert!(act["session"]["subject"].is_string(), "{act}");
}

#[test]
fn it_stays_up_and_its_curl_lines_work_as_printed_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = bawaba(&["demo", "--state"]);
    command.arg(folder.path().join("démo d'état")).arg("--port-base").arg(free_base().to_string());
    let said = folder.path().join("said");
    let file = std::fs::File::create(&said).expect("a file");
    let mut child =
        command.stdout(file.try_clone().expect("a file")).stderr(file).spawn().expect("a program");
    let text = wait_for(&said, &mut child, |text| text.lines().any(|line| line.trim().starts_with("curl ")));
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    assert!(!lines.is_empty(), "{text}");
    for line in &lines {
        let output = Command::new("bash").args(["-c", line]).output().expect("bash");
        assert!(output.status.success(), "{line}\n{}", program::text(&output.stderr));
        assert!(!output.stdout.is_empty(), "{line} prints nothing");
    }
    let mut counter = Command::new(program::path("bawaba-counter"));
    counter.args([
        "open",
        "--json",
        "--card",
        "amina",
        "--as",
        "pharmacy-2",
        "--purpose",
        "TREAT",
        "--state",
    ]);
    let opened = run(counter.arg(folder.path().join("démo d'état")), LIMIT);
    let act: Value = serde_json::from_slice(&opened.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", program::text(&opened.stdout), program::text(&opened.stderr));
    });
    for name in ["session", "token", "receipt"] {
        assert!(!act[name].is_null(), "{name} is missing in {act}");
    }
    let running = Running::over(child);
    running.signal("INT");
    let status = running.finish(LIMIT).status;
    assert!(status.success(), "Ctrl-C is an orderly end: {status}");
}

fn wait_for(said: &Path, child: &mut std::process::Child, there: impl Fn(&str) -> bool) -> String {
    let start = std::time::Instant::now();
    loop {
        let text = std::fs::read_to_string(said).unwrap_or_default();
        if there(&text) {
            // The rest of the paragraph.
            std::thread::sleep(Duration::from_millis(500));
            return std::fs::read_to_string(said).unwrap_or_default();
        }
        let ended = child.try_wait().expect("a child of ours");
        if ended.is_some() || start.elapsed() > LIMIT {
            let _ = child.kill();
            panic!("{ended:?}: {text}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn killed_at_any_moment_it_starts_again_on_the_same_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    for pause in [5, 40, 120, 300, 700] {
        let mut running = Running::start(&mut once(folder.path(), free_base()));
        std::thread::sleep(Duration::from_millis(pause));
        running.kill();
    }
    let (act, _) = act(&mut once(folder.path(), free_base()));
    assert!(act["session"]["subject"].is_string(), "{act}");
}
