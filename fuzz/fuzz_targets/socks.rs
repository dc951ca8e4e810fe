//! Any bytes as the answers of a SOCKS proxy: no panic, and the same verdict however they are cut, unless it is that too
//! much came at once (R-PRX-08).
//!
//! The first byte chooses version and credentials, the second how the bytes are cut; the rest is what the proxy sends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::fuzzing::socks_answers;

fuzz_target!(|data: &[u8]| {
    let [choice, cut, input @ ..] = data else {
        return;
    };
    let version = [5, 5, 4, b'a'][usize::from(choice & 3)];
    let has_login = choice & 4 != 0;
    let bytewise = socks_answers(version, has_login, input, 1);
    if let Ok(Some(used)) = bytewise {
        assert!(used <= input.len());
        let least = if version == 5 { 12 } else { 8 };
        // The shortest reply of SOCKS 5 has a name of no length.
        assert!(used >= least - 3);
    }
    match socks_answers(version, has_login, input, usize::from(*cut) + 1) {
        Err(error) if error.contains("more than the answer") => {}
        Err(error) if error.contains("not SOCKS") => {
            assert!(bytewise.unwrap_err().contains("not SOCKS"));
        }
        other => assert_eq!(other, bytewise),
    }
});
