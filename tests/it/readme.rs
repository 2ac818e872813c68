//! Is the README true? Every command in it is run, and every path in it is there.

use std::process::Command;
use std::time::Duration;

use bawaba_tests::harness::free_base;
use bawaba_tests::program::{self, run, text};
use bawaba_tests::source;

/// The lines that begin with a prompt, comments left out.
fn commands() -> Vec<String> {
    let readme = source::read("README.md");
    let lines = readme.lines().filter_map(|line| line.strip_prefix("    $ "));
    lines.map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned()).collect()
}

/// Every `make word` of the text.
fn goals() -> Vec<String> {
    let readme = source::read("README.md");
    let words: Vec<&str> = readme.split(|one: char| !(one.is_alphanumeric() || one == '-')).collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == "make");
    pairs
        .map(|pair| pair[1].to_owned())
        .filter(|goal| ["demo", "test", "check", "bench", "fuzz"].contains(&goal.as_str()))
        .collect()
}

#[test]
fn every_command_of_the_readme_works_in_its_order() {
    let commands = commands();
    assert!(commands.len() >= 10, "the README has lost its commands: {commands:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let programs = program::path("bawaba").parent().expect("a folder").to_owned();
    std::fs::create_dir(folder.path().join("target")).expect("a writable folder");
    std::os::unix::fs::symlink(programs, folder.path().join("target/debug")).expect("a writable folder");
    let base = free_base();
    let mut script = String::from("set -em\n");
    for command in commands {
        // The reader's ports are the default ones; here they may be taken.
        let command = command.replace("localhost:8441", &format!("localhost:{}", base + 1));
        let command = command.replace("bawaba demo ", &format!("bawaba demo --port-base {base} "));
        script.push_str(&format!("echo \"--- {}\" >&2\n{command}\n", command.replace(['"', '$'], "")));
        if command.ends_with('&') {
            // A reader waits until it says that it is ready.
            script.push_str(&format!(
                "for i in $(seq 300); do curl -sf -o /dev/null http://localhost:{}/readyz && break; sleep 0.1; done\nsleep 1\n",
                base + 1
            ));
        }
    }
    let output =
        run(Command::new("bash").args(["-c", &script]).current_dir(folder.path()), Duration::from_secs(180));
    let said = text(&output.stderr);
    assert!(output.status.success(), "{}\n{said}\n{}", output.status, text(&output.stdout));
    for word in ["error:", "panicked", "command not found"] {
        assert!(!said.contains(word), "{said}");
    }
}

#[test]
fn every_make_goal_of_the_readme_exists() {
    let goals = goals();
    assert!(goals.iter().any(|goal| goal == "demo") && goals.iter().any(|goal| goal == "test"), "{goals:?}");
    for goal in goals {
        let output =
            Command::new("make").args(["-n", &goal]).current_dir(source::root()).output().expect("make");
        assert!(output.status.success(), "make {goal}: {}", text(&output.stderr));
    }
}

#[test]
fn every_path_of_the_readme_is_there() {
    let readme = source::read("README.md");
    let quoted = readme.split('`').skip(1).step_by(2);
    let crates = source::CRATES.map(|name| format!("{name}/"));
    let mut missing = Vec::new();
    for path in quoted.filter(|word| crates.iter().any(|name| word.starts_with(name.as_str()))) {
        let known = path.split(['*', '<']).next().unwrap_or_default();
        if !source::root().join(known).exists() {
            missing.push(path.to_owned());
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
