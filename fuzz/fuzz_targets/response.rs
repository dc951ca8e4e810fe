//! Any bytes as the answer to a request: no panic, the same verdict however they are cut, and where they are accepted
//! a second reader has read the same.
//!
//! The first byte chooses the request, the second how the bytes are cut; the rest is what the server sends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::Method;
use papilio::fuzzing::{Answer, response};

#[path = "../../tests/reference/http1.rs"]
mod reference;

fuzz_target!(|data: &[u8]| {
    let [choice, cut, input @ ..] = data else {
        return;
    };
    let method =
        [Method::GET, Method::HEAD, Method::POST, Method::CONNECT][usize::from(choice & 3)].clone();
    let (upgrade, fin) = (choice & 4 != 0, choice & 8 != 0);
    let whole = response(&method, upgrade, &[input], fin, usize::MAX, false);

    let at = usize::from(*cut) % (input.len() + 1);
    let (a, b) = input.split_at(at);
    let max = usize::from(choice >> 4) + 1;
    same(
        &whole,
        &response(&method, upgrade, &[a, b], fin, max, false),
    );
    let size = usize::from(cut % 7) + 1;
    let pieces: Vec<_> = input.chunks(size).collect();
    same(&whole, &response(&method, upgrade, &pieces, fin, max, true));

    assert!(whole.used <= input.len());
    assert!(
        !whole.reusable || whole.used == input.len(),
        "bytes are left over"
    );
    if whole.complete {
        let other = reference::read(method.as_str(), input, fin).expect("we were too lenient");
        assert_eq!(whole.status, Some(other.status));
        assert_eq!(whole.body, other.body);
        assert_eq!(input.len() - whole.used, other.rest);
        let bytes = |fields: &[(String, Vec<u8>)]| -> Vec<_> {
            let bytes =
                |(name, value): &(String, Vec<u8>)| (name.clone().into_bytes(), value.clone());
            fields.iter().map(bytes).collect()
        };
        assert_eq!(bytes(&whole.fields), other.fields);
        assert_eq!(bytes(&whole.trailers), other.trailers);
    }
});

/// After an error the pieces handed out before it may differ, the verdict may not.
fn same(whole: &Answer, cut: &Answer) {
    if whole.error.is_some() {
        assert_eq!((whole.error, whole.status), (cut.error, cut.status));
    } else {
        assert_eq!(whole, cut);
    }
}
