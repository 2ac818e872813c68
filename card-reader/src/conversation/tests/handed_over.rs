//! Can another node go on with a challenge, and nobody with anything else?

use super::*;
use crate::challenge::Challenge;

#[test]
fn a_challenge_that_was_put_down_is_proven_by_who_takes_it_up() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    for methods in [ChipMethods::Active, ChipMethods::Chip, ChipMethods::Both] {
        let mut card = kingdom.card(methods).insert().unwrap();
        let can = Can::parse(CAN).unwrap();
        let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
        let transcript = conversation.read_transcript().unwrap();
        let challenge = transcript.clone().authenticate(&trust, NOW).unwrap().challenge().unwrap();
        let put_down = challenge.put_down();
        let responses = conversation.run(challenge.commands()).unwrap();
        let take_up =
            |bytes: &[u8]| Challenge::take_up(transcript.clone().authenticate(&trust, NOW).unwrap(), bytes);
        let taken = take_up(&put_down).unwrap();
        assert_eq!(taken.method(), challenge.method());
        assert_eq!(taken.commands(), challenge.commands());
        assert_eq!(*taken.put_down(), *put_down);
        taken.prove(&responses, NOW).unwrap();
        challenge.prove(&responses, NOW).unwrap();

        let mut another = put_down.to_vec();
        *another.last_mut().unwrap() ^= 1;
        // Another nonce; or another public half, which the chip was not told: the secret still is the channel's.
        let proven = take_up(&another).unwrap().prove(&responses, NOW);
        assert_eq!(proven.is_ok(), methods != ChipMethods::Active);
        *another.get_mut(3).unwrap() ^= 1;
        let proven = take_up(&another).unwrap().prove(&responses, NOW);
        assert_eq!(proven.err(), Some(PresenceError::ChipNotGenuine));
        for cut in 0..put_down.len() {
            let cut = take_up(&put_down[..cut]);
            assert_eq!(cut.err(), Some(PresenceError::Malformed("challenge")), "{methods:?}");
        }
    }
}

#[test]
fn a_challenge_of_another_method_is_none_of_this_card() {
    let kingdom = Kingdom::new();
    let trust = kingdom.trust(&[]);
    let card = |methods| {
        let mut card = kingdom.card(methods).insert().unwrap();
        let can = Can::parse(CAN).unwrap();
        let mut conversation = Conversation::open(&mut card, &can, CardProfile::Cnie2020).unwrap();
        conversation.read_transcript().unwrap().authenticate(&trust, NOW).unwrap()
    };
    for (one, other) in [(ChipMethods::Active, ChipMethods::Chip), (ChipMethods::Chip, ChipMethods::Active)] {
        let put_down = card(one).challenge().unwrap().put_down();
        let refused = Challenge::take_up(card(other), &put_down).err();
        assert_eq!(refused, Some(PresenceError::Malformed("challenge")));
    }
}
