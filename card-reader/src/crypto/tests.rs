//! Do the keys and ciphers say what the worked examples of the standard say?

use super::*;

// ICAO 9303-11 appendix G.1 (PACE, ECDH generic mapping, AES-128).
#[test]
fn the_password_key_of_the_worked_example_decrypts_its_nonce() {
    let password = hex::decode("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD").unwrap();
    let key = PasswordKey::derive(Cipher::Aes128, &password);
    let Key::Aes128(bytes) = &key.0 else { panic!() };
    assert_eq!(hex::encode_upper(bytes), "89DED1B26624EC1E634C1989302849DD");
    let nonce = cut(&hex::decode("95A3A016522EE98D01E76CB6B98B42C3").unwrap());
    assert_eq!(hex::encode_upper(key.decrypt_nonce(nonce)), "3F00C4D39D153F2B2A214A078D899B22");
    assert_eq!(key.encrypt_nonce(key.decrypt_nonce(nonce)), nonce);
}

// The same appendix: K = x coordinate of the agreed point.
#[test]
fn the_session_keys_of_the_worked_example() {
    let secret = hex::decode("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925").unwrap();
    let keys = SessionKeys::derive(Cipher::Aes128, &secret);
    let (Key::Aes128(encryption), Key::Aes128(authentication)) = (&keys.encryption, &keys.authentication)
    else {
        panic!()
    };
    assert_eq!(hex::encode_upper(encryption), "F5F0E35C0D7161EE6724EE513A0D9A7F");
    assert_eq!(hex::encode_upper(authentication), "FE251C7858B356B24514B3BD5F4297D1");
}

// Value computed by two independent implementations (dmrtd, gmrtd) for the CAN 123456.
#[test]
fn a_can_is_hashed_as_ascii() {
    let Key::Aes128(bytes) = &PasswordKey::derive(Cipher::Aes128, b"123456").0 else { panic!() };
    assert_eq!(hex::encode(bytes), "591468cda83d65219cccb8560233600f");
}

#[test]
fn padding_is_put_on_and_taken_off() {
    for length in 0..40 {
        let plain = vec![0; length];
        let mut padded = plain.clone();
        pad(&mut padded, BLOCK);
        assert_eq!(padded.len() % BLOCK, 0);
        assert_eq!(unpad(&padded), Some(plain.as_slice()));
    }
    assert_eq!(unpad(&[0; 16]), None);
    assert_eq!(unpad(&[]), None);
    assert_eq!(unpad(&[1; 16]), None);
}

#[test]
fn every_cipher_decrypts_what_it_encrypts() {
    for cipher in [Cipher::TripleDes, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256] {
        let keys = SessionKeys::derive(cipher, b"secret");
        let mut data = [7; 48];
        keys.encrypt(5, &mut data);
        assert_ne!(data, [7; 48]);
        keys.decrypt(5, &mut data);
        assert_eq!(data, [7; 48]);
        assert!(keys.verifies(&data, &keys.mac(&data)));
        assert!(!keys.verifies(&data, &[0; 8]) && !keys.verifies(&data, &[]));
    }
}

/// The retail MAC of the standard's worked example for 3DES (9303-11 appendix D.3: EXTERNAL AUTHENTICATE).
#[test]
fn the_retail_mac_of_the_worked_example() {
    let seed = hex::decode("239AB9CB282DAF66231DC5A4DF6BFBAE").unwrap();
    let keys = SessionKeys::derive(Cipher::TripleDes, &seed);
    let (Key::TripleDes(encryption), Key::TripleDes(authentication)) =
        (&keys.encryption, &keys.authentication)
    else {
        panic!()
    };
    assert_eq!(hex::encode_upper(encryption.bytes()), "AB94FDECF2674FDFB9B391F85D7F76F2");
    assert_eq!(hex::encode_upper(authentication.bytes()), "7962D9ECE03D1ACD4C76089DCE131543");
    let mut data = hex::decode("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B").unwrap();
    keys.encrypt(0, &mut data);
    let cryptogram = "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2";
    assert_eq!(hex::encode_upper(&data), cryptogram);
    pad(&mut data, keys.block());
    assert_eq!(hex::encode_upper(keys.mac(&data)), "5F1448EEA8AD90A7");
}
