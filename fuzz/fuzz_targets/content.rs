//! Content decoding: no panic, bounded steps, and the same outcome however the bytes are cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::fuzzing::decode_content;

const CODINGS: [&str; 8] = [
    "gzip",
    "deflate",
    "br",
    "zstd",
    "gzip, deflate",
    "br, gzip",
    "zstd, gzip",
    "gzip, x-unknown, gzip, deflate",
];

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, piece, room], data)) = data.split_first_chunk::<3>() else {
        return;
    };
    let codings = CODINGS[usize::from(choice) % CODINGS.len()];
    let whole = decode_content(codings, data, usize::MAX, 64 << 10);
    let pieces = decode_content(
        codings,
        data,
        usize::from(piece) + 1,
        usize::from(room) * 16 + 1,
    );
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => assert!(whole == pieces),
        (Err(Some(whole)), Err(Some(pieces))) => {
            assert_eq!(
                (whole.kind(), whole.reason()),
                (pieces.kind(), pieces.reason())
            );
        }
        // One of them was stopped at its size; the other may have met an error just before.
        (Err(None), _) | (_, Err(None)) => {}
        (whole, pieces) => panic!("{whole:?} {pieces:?}"),
    }
});
