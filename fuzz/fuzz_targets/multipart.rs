//! Multipart forms of any names, types and contents: what is refused is refused for a reason, and what is written reads
//! back, by a reader of its own, as the parts that went in. Its length is what was announced, however it is cut.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use papilio::Body;
use papilio::fuzzing::multipart;
use papilio::multipart::{Form, Part};

#[path = "../../tests/reference/multipart.rs"]
mod reference;

type Given = (
    String,
    String,
    Option<String>,
    Option<(String, String)>,
    Vec<u8>,
    u8,
);

fuzz_target!(|data: (u8, Vec<Given>, String)| {
    let (room, given, mut boundary) = data;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if room % 4 > 0 {
        // Most of the time one that fits.
        boundary.retain(is_token);
        boundary.insert(0, 'B');
        boundary.truncate(70);
    }
    let mut form = Form::new();
    let mut accepted = Vec::new();
    for (name, file_name, media_type, header, content, kind) in given {
        let mut part = part(&content, kind).file_name(file_name.clone());
        let mut fields = Vec::new();
        if let Some((field, value)) = header {
            match part.header(&field, &value) {
                Ok(with) => part = with,
                Err(_) => continue,
            }
            fields.push((field, value));
        }
        if let Some(media_type) = media_type {
            match part.mime(&*media_type) {
                Ok(with) => part = with,
                Err(_) => continue,
            }
            if !fields
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case("content-type"))
            {
                fields.push(("Content-Type".into(), media_type));
            }
        }
        form = form.part(name.clone(), part);
        accepted.push((name, file_name, fields, content));
    }

    let fits = (1..=70).contains(&boundary.len()) && boundary.chars().all(is_token);
    // What a stream brings is not searched for the boundary; nor is it in this test.
    let line = format!("--{boundary}");
    let has = |content: &[u8]| content.windows(line.len()).any(|w| w == line.as_bytes());
    let (length, body) = match multipart(form, &boundary, usize::from(room) + 1) {
        Ok(sent) => sent,
        Err(error) => {
            assert_eq!(error.kind(), papilio::Kind::LocalProtocol);
            let in_fields =
                |fields: &[(String, String)]| fields.iter().any(|(n, _)| has(n.as_bytes()));
            let refused = accepted
                .iter()
                .any(|(_, _, fields, content)| in_fields(fields) || has(content));
            assert!(!fits || refused);
            return;
        }
    };
    assert!(fits);
    assert!(length.is_none_or(|length| length == body.len() as u64));
    if accepted.is_empty() || accepted.iter().any(|(_, _, _, content)| has(content)) {
        return;
    }

    let parts = reference::read(&body, boundary.as_bytes()).expect("what was written is right");
    assert_eq!(parts.len(), accepted.len());
    for (part, (name, file_name, fields, content)) in parts.iter().zip(&accepted) {
        assert_eq!(part.name, escape(name));
        let file_name = (!file_name.is_empty()).then_some(file_name);
        assert_eq!(part.file_name, file_name.map(|name| escape(name)));
        assert_eq!(part.content, *content);
        let mut found = part.fields.clone();
        let is_type = |(n, _): &(Vec<u8>, Vec<u8>)| n.eq_ignore_ascii_case(b"content-type");
        if fields.len() < found.len() {
            // The guessed one.
            let guess = found.pop().expect("there is one more");
            assert!(is_type(&guess) && !found.iter().any(is_type) && file_name.is_some());
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|(n, v)| (n.clone().into_bytes(), v.clone().into_bytes()))
            .collect();
        assert_eq!(found, fields);
    }
});

fn part(content: &[u8], kind: u8) -> Part {
    let content = content.to_vec();
    match kind % 6 {
        0 => Part::bytes(content),
        1 => Part::seekable(Cursor::new(content)).expect("a cursor seeks"),
        2 => {
            let length = content.len() as u64;
            Part::sized(Cursor::new(content), length)
        }
        3 => Part::reader(Cursor::new(content)),
        4 => {
            let pieces: Vec<_> = content.chunks(3).map(<[u8]>::to_vec).collect();
            Part::stream(Body::factory(move || Body::iter(pieces.clone())))
        }
        _ => Part::stream(Body::from(content).on_progress(|_, _| {})),
    }
}

/// MPF-09 and SEC-206, the other way round: by text.
fn escape(name: &str) -> Vec<u8> {
    let mut text = name.replace('\\', "\\\\").replace('"', "%22");
    for control in (0..0x20_u8).filter(|&byte| byte != 0x1B) {
        text = text.replace(char::from(control), &format!("%{control:02X}"));
    }
    text.into_bytes()
}
