//! Charsets, lines and runs of characters: no panic, and the same text whatever the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::fuzzing::{charset_param, chunk_text, decode_text, json_text, split_lines};

const LABELS: [&str; 12] = [
    "utf-8",
    "utf-8-sig",
    "ascii",
    "latin-1",
    "utf-16",
    "utf-16be",
    "utf-32",
    "shift_jis",
    "iso-2022-jp",
    "gb18030",
    "big5",
    "euc-kr",
];

fuzz_target!(|data: &[u8]| {
    let Some((&[label, piece, limit], data)) = data.split_first_chunk::<3>() else {
        return;
    };
    let label = LABELS[usize::from(label) % LABELS.len()];
    let piece = usize::from(piece) + 1;
    let whole = decode_text(label, data, usize::MAX);
    assert_eq!(whole, decode_text(label, data, piece));

    let text = String::from_utf8_lossy(data);
    let whole = split_lines(&text, usize::MAX, usize::MAX);
    assert_eq!(whole, Some(naive_lines(&text)));
    assert_eq!(whole, split_lines(&text, piece, usize::MAX));
    let limit = usize::from(limit);
    let limited = split_lines(&text, piece, limit);
    let fits = naive_lines(&text).iter().all(|line| line.len() <= limit);
    assert_eq!(limited, whole.filter(|_| fits));

    let size = limit.max(1);
    let chunks = chunk_text(&text, piece, size);
    assert_eq!(chunks.concat(), text);
    let (last, full) = chunks
        .split_last()
        .map_or((None, &[][..]), |(l, f)| (Some(l), f));
    assert!(full.iter().all(|chunk| chunk.chars().count() == size));
    assert!(last.is_none_or(|chunk| (1..=size).contains(&chunk.chars().count())));

    charset_param(&text);
    json_text(data);
});

fn naive_lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<_> = text.split('\n').map(str::to_owned).collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}
