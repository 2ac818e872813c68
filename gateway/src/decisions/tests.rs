use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use hsm_config::PublicKey;
use policies::{
    Acr, Action, CardFacts, ClientFacts, ClientKind, Facts, PolicyFile, Purpose, RiskFacts, RiskSignal,
};
use time::macros::datetime;

use super::*;
use crate::audit::StoredEvent;
use crate::store::{Store, StorePlace};

const AT: OffsetDateTime = datetime!(2026-11-22 09:00:00 UTC);

struct Officer {
    key: Vec<u8>,
    folder: tempfile::TempDir,
}

impl Officer {
    fn new() -> Self {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self { key: key.unwrap().as_ref().to_vec(), folder: tempfile::tempdir().unwrap() }
    }

    fn sign(&self, set: &PolicySet, version: u64, not_before: OffsetDateTime) -> String {
        Bundle::sign(set, Edition { version, not_before }, &self.key).unwrap().0
    }

    /// The public half, as a JWK file.
    fn signers(&self) -> Signers {
        let jwk =
            Bundle::sign(&shipped(), Edition { version: 1, not_before: AT }, &self.key).unwrap().1.to_jwk();
        let path = self.folder.path().join("signer.jwk");
        std::fs::write(&path, jwk).unwrap();
        Signers::load(&[path]).unwrap()
    }

    /// A gateway's place for bundles, with this one in it.
    fn source(&self, bundle: &str) -> PolicySource {
        let file = self.folder.path().join("policies.jws");
        std::fs::write(&file, bundle).unwrap();
        PolicySource::Bundle { file, signers: self.signers() }
    }

    async fn store(&self) -> Store {
        Store::open(&StorePlace::Sqlite(self.folder.path().join("bawaba.db"))).await.unwrap()
    }
}

fn shipped() -> PolicySet {
    PolicySet::shipped().unwrap()
}

/// The shipped policies in another text: another hash, the same answers.
fn reworded() -> PolicySet {
    let mut files = shipped().files().to_vec();
    files.push(PolicyFile { name: "local.cedar".to_owned(), text: "// nothing\n".to_owned() });
    PolicySet::of_files(files).unwrap()
}

fn asked(signals: Vec<RiskSignal>) -> AccessRequest {
    AccessRequest {
        client: ClientFacts { id: "pharmacy-1".to_owned(), kind: ClientKind::Pharmacy },
        action: Action::OpenSession(CardFacts::FRESH),
        purpose: Purpose::Treatment,
        acr: Acr::Card,
        dependant: false,
        facts: Facts { risk: RiskFacts::of(signals), ..Facts::default() },
    }
}

#[test]
fn answer_is_kept_for_the_same_question_and_the_same_set_only() {
    let decisions = Decisions::new(shipped());
    let first = decisions.decide(&asked(Vec::new()));
    assert!(first.is_permit());
    assert!(Arc::ptr_eq(&first, &decisions.decide(&asked(Vec::new()))));
    assert!(!decisions.decide(&asked(vec![RiskSignal::CardReported])).is_permit());
    decisions.replace(shipped(), None);
    assert!(!Arc::ptr_eq(&first, &decisions.decide(&asked(Vec::new()))));
}

#[test]
fn an_event_keeps_each_question_once() {
    let decisions = Decisions::new(shipped());
    let mut event = AuditEvent::new(EventKind::Access, Outcome::Permit, "permitted", AT);
    event.client = Some("pharmacy-1".to_owned());
    for _ in 0..3 {
        decisions.decide_recorded(&asked(Vec::new()), None, &mut event);
    }
    decisions.decide_recorded(&asked(vec![RiskSignal::CardReported]), None, &mut event);
    assert_eq!(event.asked.iter().map(|asked| asked.permit).collect::<Vec<_>>(), [true, false]);
    assert_eq!(event.policy.as_deref(), Some(decisions.hash().as_str()));
    let json = serde_json::to_string(&event).unwrap();
    assert_eq!(json.matches("pharmacy-1").count(), 1, "{json}");
    let read: AuditEvent = serde_json::from_str(&json).unwrap();
    let said = Said { client: read.client.as_deref(), purpose: read.purpose.as_deref() };
    assert_eq!(read.asked[0].request(said), Some(asked(Vec::new())));
}

#[test]
fn a_public_key_is_read_as_jwk_and_as_pem_and_nothing_else_is() {
    let officer = Officer::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &officer.key).unwrap();
    let point = aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref().try_into().unwrap();
    let path = officer.folder.path().join("signer.pem");
    std::fs::write(&path, PublicKey::new(point).to_pem()).unwrap();
    assert_eq!(Signers::load(&[path]).unwrap(), officer.signers());
    let path = officer.folder.path().join("private.key");
    for wrong in [officer.key.clone(), b"{}".to_vec(), Vec::new()] {
        std::fs::write(&path, wrong).unwrap();
        assert!(matches!(Signers::load(std::slice::from_ref(&path)), Err((_, SignerError::Kind))));
    }
    assert!(matches!(Signers::load(&[]), Err((_, SignerError::Count))));
}

#[tokio::test]
async fn a_gateway_starts_with_the_newest_sound_bundle_that_it_knows() {
    let officer = Officer::new();
    let store = officer.store().await;
    let at_start = async |bundle: &str| open(&officer.source(bundle), &store, AT).await;
    assert!(at_start("broken").await.is_err(), "nothing was ever taken: there is nothing to decide by");
    let first = at_start(&officer.sign(&shipped(), 3, AT)).await.unwrap();
    assert_eq!((first.decisions.version(), first.refused), (Some(3), None));
    let tomorrow = officer.sign(&reworded(), 4, AT + time::Duration::DAY);
    for (bundle, code) in [
        ("broken", "policies-bundle-malformed"),
        (&*officer.sign(&reworded(), 2, AT), "policies-rolled-back"),
        (&*officer.sign(&reworded(), 3, AT), "policies-version-reused"),
        (&*Officer::new().sign(&reworded(), 9, AT), "policies-signer-unknown"),
        (&*tomorrow, "policies-not-yet"),
    ] {
        let opened = at_start(bundle).await.unwrap();
        let refused = opened.refused.unwrap();
        assert_eq!((refused.code.as_ref(), refused.policy.as_deref()), (code, Some(shipped().hash())));
        assert_eq!(opened.decisions.version(), Some(3), "{code}");
    }
    let later = open(&officer.source(&tomorrow), &store, AT + time::Duration::DAY).await.unwrap();
    assert_eq!((later.decisions.version(), later.decisions.hash()), (Some(4), reworded().hash().to_owned()));
    // Going back is going forward: the older rules under a newer number.
    let back = at_start(&officer.sign(&shipped(), 5, AT)).await.unwrap();
    assert_eq!((back.decisions.version(), back.decisions.hash()), (Some(5), shipped().hash().to_owned()));
    assert_eq!(kept_set(&store, reworded().hash()).await.unwrap().unwrap().files(), reworded().files());
    assert!(kept_set(&store, "unknown").await.unwrap().is_none());
}

#[tokio::test]
async fn a_bundle_whose_signer_is_believed_no_more_does_not_come_back_from_the_store() {
    let (before, now) = (Officer::new(), Officer::new());
    let store = before.store().await;
    open(&before.source(&before.sign(&shipped(), 3, AT)), &store, AT).await.unwrap();
    assert!(open(&now.source("broken"), &store, AT).await.is_err());
    let older = open(&now.source(&now.sign(&reworded(), 2, AT)), &store, AT).await.map(drop).unwrap_err();
    assert!(matches!(older, KeptError::Bundle(BundleError::RolledBack { version: 2, newest: 3 })));
    let newer = open(&now.source(&now.sign(&reworded(), 4, AT)), &store, AT).await.unwrap();
    assert_eq!(newer.decisions.version(), Some(4));
}

#[test]
fn a_replay_counts_who_loses_and_who_gains_and_knows_why() {
    let mut event = AuditEvent::new(EventKind::SessionOpened, Outcome::Permit, "session-opened", AT);
    let decisions = Decisions::new(shipped());
    for (client, signals) in
        [("pharmacy-1", vec![]), ("pharmacy-2", vec![]), ("pharmacy-2", vec![RiskSignal::CardReported])]
    {
        let mut request = asked(signals);
        client.clone_into(&mut request.client.id);
        decisions.decide_recorded(&request, None, &mut event);
    }
    // Of another version of the program.
    let mut unknown = event.asked[0].clone();
    unknown.action = "levitate".to_owned();
    event.asked.push(unknown);
    let mut files = shipped().files().to_vec();
    for file in &mut files {
        let turned = "unless { context.risk.signals.contains(Bawaba::Signal::\"card-reported\") }";
        let rule = "@id(\"no-pharmacies\")\n@reason(\"no-pharmacies\")\n@legal(\"loi\")\n@fr(\"f\")\n@ar(\"a\")\n@en(\"e\")\n\
            forbid (principal is Bawaba::Pharmacy, action == Bawaba::Action::\"open-session\", resource)\n";
        if file.name == "fraud.cedar" {
            file.text.push_str(&format!("{rule}{turned};\n"));
        }
    }
    let draft = PolicySet::of_files(files).unwrap();
    let mut replay = replay::Replay::of(draft);
    replay.ask(&StoredEvent { index: 7, event }, Some(&shipped()));
    let (counts, changes) = replay.found();
    assert_eq!((counts.asked, counts.changed, counts.unknown), (3, 2, 1));
    let (change, tally) = &changes[0];
    assert_eq!(
        (change.effect, change.reasons.as_slice()),
        (replay::Effect::Loses, &["no-pharmacies".to_owned()][..])
    );
    assert_eq!(change.before, ["care-with-patient-present"]);
    assert_eq!((tally.times, tally.clients.len(), tally.first_event, changes.len()), (2, 2, 7, 1));
}
