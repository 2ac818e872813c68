//! What is said of the demonstration's own clients, and of those it does not vouch for?

use super::*;
use crate::demo::authority::Authority;
use crate::demo::clients::CLIENTS;
use crate::demo::folder::StateFolder;
use serde_json::{Value, json};
use time::Duration;
use time::macros::datetime;

const AT: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

struct Town {
    _dir: tempfile::TempDir,
    folder: StateFolder,
    authority: Authority,
}

impl Town {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = StateFolder::create(dir.path()).unwrap();
        let mut authority = Authority::load_or_create(&folder, AT).unwrap();
        authority.ensure_client(&CLIENTS[0], AT).unwrap();
        authority.sign_crl(AT).unwrap();
        Self { _dir: dir, folder, authority }
    }

    /// The JSON answer, and the text.
    fn asked(&self, spoil: impl FnOnce(&mut Question<'_>)) -> (Value, String) {
        let files = [self.folder.client_certificate(CLIENTS[0].id)];
        let (anchors, lists) = ([self.folder.ca_certificate()], [self.folder.client_crl()]);
        let mut question = Question {
            files: &files,
            profile: Profile::Establishment,
            anchors: &anchors,
            intermediates: &[],
            lists: &lists,
            policies: &[],
            report_unknown: false,
            at: AT + Duration::days(1),
        };
        spoil(&mut question);
        let answer = answer(&question).unwrap();
        (serde_json::to_value(&answer).unwrap(), text(&answer))
    }
}

#[test]
fn a_client_of_the_demonstration_is_an_establishment() {
    let (answer, text) = Town::new().asked(|_| {});
    let judged = &answer["certificates"][0];
    assert_eq!(judged["believed"], json!(true), "{answer:#}");
    assert_eq!(judged["serial_number"], json!(CLIENTS[0].id));
    assert_eq!(judged["organization_identifier"], json!(format!("NTRMA-DEMO-{}", CLIENTS[0].id)));
    assert_eq!(judged["path"][0]["revocation"], json!("good"));
    assert_eq!(judged["path"][1]["role"], json!("anchor"));
    for said in ["verdict      believed", "purpose clientAuth", "organizationIdentifier", "ca.pem"] {
        assert!(text.contains(said), "{said} in\n{text}");
    }
}

#[test]
fn why_not_and_what_to_do_is_said_of_the_right_certificate() {
    let mut town = Town::new();
    let refusal = |answer: &Value| answer["certificates"][0]["refusal"].clone();
    let (answer, text) = town.asked(|question| question.lists = &[]);
    assert_eq!(refusal(&answer)["reason"], json!("revocation-unknown"));
    assert!(text.contains("what to do   supply a current revocation list"), "{text}");
    let (answer, _) = town.asked(|question| {
        question.lists = &[];
        question.report_unknown = true;
    });
    assert_eq!(answer["certificates"][0]["path"][0]["revocation"], json!("unknown"));
    let (answer, _) = town.asked(|question| question.at = AT - Duration::days(400));
    assert_eq!(refusal(&answer)["reason"], json!("not-yet-valid"));
    let policies = ["1.2.3.4".to_owned()];
    let (answer, _) = {
        let files = [town.folder.client_certificate(CLIENTS[0].id)];
        town.asked(|question| {
            question.policies = Box::leak(Box::new(policies));
            question.intermediates = Box::leak(Box::new(files));
        })
    };
    assert_eq!(refusal(&answer)["reason"], json!("policy-not-valid"));
    town.authority.revoke_client(CLIENTS[0].id, AT).unwrap();
    let (answer, _) = town.asked(|_| {});
    assert_eq!(refusal(&answer)["reason"], json!("revoked"));
    assert_eq!(refusal(&answer)["depth"], json!(0));
    assert!(refusal(&answer)["file"].as_str().unwrap().ends_with("cert.pem"), "{answer:#}");
}

#[test]
fn a_list_that_cannot_be_used_is_said_and_spoils_nothing() {
    let town = Town::new();
    let noise = town.folder.client_crl().with_file_name("noise.crl");
    std::fs::write(&noise, b"no list").unwrap();
    let lists: &'static [PathBuf] = Box::leak(Box::new([town.folder.client_crl(), noise]));
    let (answer, text) = town.asked(|question| question.lists = lists);
    assert_eq!(answer["certificates"][0]["believed"], json!(true));
    assert_eq!(answer["lists_refused"][0]["reason"], json!("malformed"));
    assert!(text.contains("list not used"), "{text}");
}
