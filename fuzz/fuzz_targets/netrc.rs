//! netrc files: no panic, and what is understood can be written down and understood again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::fuzzing::netrc;

fuzz_target!(|data: &[u8]| {
    let entries = match netrc(data) {
        Ok(entries) => entries,
        Err(line) => {
            let lines = data.iter().filter(|&&byte| byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&line));
            return;
        }
    };
    let mut out = Vec::new();
    for (name, login, password) in &entries {
        match name {
            Some(name) => word(&mut out, b"machine", name),
            None => out.extend_from_slice(b"default "),
        }
        word(&mut out, b"login", login);
        word(&mut out, b"password", password);
    }
    assert_eq!(netrc(&out), Ok(entries));
});

fn word(out: &mut Vec<u8>, keyword: &[u8], value: &[u8]) {
    out.extend_from_slice(keyword);
    out.extend_from_slice(b" \"");
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.extend_from_slice(b"\"\n");
}
