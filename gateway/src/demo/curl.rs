//! Which lines can a visitor paste into a shell?

use std::path::Path;

use super::folder::StateFolder;
use super::ports::Ports;

/// One line and what it shows (exemple).
#[derive(Debug, Clone)]
pub struct Example {
    /// Which thing it shows: the story has a sentence for each, in three languages.
    pub what: Shows,
    /// The line, ready to be pasted.
    pub line: String,
}

/// What an example shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// The gateway's public keys.
    Keys,
    /// The prescriptions of the session's patient.
    Prescription,
    /// A delivery, recorded at the prescription service.
    Dispense,
    /// What the patient's cover is.
    Coverage,
    /// The dossier, which a pharmacy may not see.
    Dossier,
    /// What was written down about all this.
    Audit,
}

/// The examples of a running demonstration, for a session of `client` whose patient the prescription service calls
/// `patient`.
///
/// The token is in a header file, not in the line: arguments are seen by every user of the machine.
pub fn examples(
    folder: &StateFolder,
    ports: Ports,
    client: &str,
    patient: &str,
    program: &Path,
) -> Vec<Example> {
    let ca = quoted(&folder.ca_certificate());
    let public = format!("curl -sS --cacert {ca} {}", Ports::url(ports.public()));
    let session = format!(
        "curl -sS --cacert {ca} --cert {} --key {} -H {}",
        quoted(&folder.client_certificate(client)),
        quoted(&folder.client_key(client)),
        shell_quoted(&format!("@{}", folder.session_header().display())),
    );
    let api = Ports::url(ports.api());
    let dispense = serde_json::json!({
        "resourceType": "MedicationDispense",
        "status": "completed",
        "medicationCodeableConcept": {"text": "Metformine 850 mg"},
        "subject": {"reference": format!("Patient/{patient}")},
    });
    let body = shell_quoted(&dispense.to_string());
    let example = |what, line| Example { what, line };
    vec![
        example(Shows::Keys, format!("{public}/.well-known/jwks.json")),
        example(
            Shows::Prescription,
            format!("{session} '{api}/prescription/MedicationRequest?status=active'"),
        ),
        example(
            Shows::Dispense,
            format!(
                "{session} -H 'Content-Type: application/fhir+json' -d {body} {api}/prescription/MedicationDispense"
            ),
        ),
        example(Shows::Coverage, format!("{session} {api}/billing/Coverage")),
        example(Shows::Dossier, format!("{session} {api}/dossier/AllergyIntolerance")),
        example(
            Shows::Audit,
            format!("{} audit list --state {} --last 5", quoted(program), quoted(folder.root())),
        ),
    ]
}

/// A path as one word of a POSIX shell.
pub fn quoted(path: &Path) -> String {
    shell_quoted(&path.display().to_string())
}

/// Text as one word of a POSIX shell: bare when that is safe, else in single quotes.
pub fn shell_quoted(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for text in ["/plain/path", "un dossier", "l'état", "a\"b$HOME`id`\\n", "", "*?[x]~!#&;|<>()", "é ع"]
        {
            let script = format!("printf %s {}", shell_quoted(text));
            let said = Command::new("sh").arg("-c").arg(script).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), text);
        }
    }

    #[test]
    fn every_line_survives_a_folder_with_spaces_and_quotes() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StateFolder::create(&dir.path().join("l'état de démo")).unwrap();
        let lines =
            examples(&folder, Ports::at(8440), "pharmacy-1", "subject-1", Path::new("/opt/my bin/bawaba"));
        for example in lines {
            // The shell splits the line as a program would see it: one argument a line.
            let script = format!("set -- {}\nprintf '%s\\n' \"$@\"", example.line);
            let said = Command::new("sh").arg("-c").arg(script).output().unwrap();
            let words = String::from_utf8(said.stdout).unwrap();
            let expected = folder.root().display().to_string();
            assert!(words.lines().any(|word| word.contains(&expected)), "{}\n{words}", example.line);
            assert!(!example.line.contains("Bearer"), "a token in a command line: {}", example.line);
        }
    }
}
