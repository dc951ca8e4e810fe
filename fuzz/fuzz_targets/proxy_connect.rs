//! Any bytes as the answer to CONNECT: no panic, never waiting for ever, and the same verdict however they are cut, but
//! that bytes behind a 2xx are only seen if they come with it (R-PRX-02).
//!
//! The first byte chooses authentication and how the bytes are cut; the rest is what the proxy sends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::fuzzing::connect_answer;

fuzz_target!(|data: &[u8]| {
    let [choice, input @ ..] = data else {
        return;
    };
    let has_digest = choice & 1 != 0;
    let whole = connect_answer(has_digest, input, usize::MAX);
    let cut = connect_answer(has_digest, input, usize::from(choice >> 1) + 1);
    match (&whole, &cut) {
        (Err((text, None)), Ok(true)) => assert!(text.contains("bytes of its own"), "{text}"),
        // What follows a challenge may be the answer to the second request, or nobody's.
        _ if has_digest => {}
        _ => assert_eq!(whole, cut),
    }
    if let Err((_, Some((status, content)))) = &whole {
        assert!(!(200..300).contains(status) && content.len() <= 64 << 10);
    }
});
