//! Challenges: no panic, what is understood can be written down and understood again, and an answer to Digest can be
//! read and says what it should.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::fuzzing::{Challenge, challenges};
use papilio::{Auth, AuthStep, DigestAuth, Request, Response, ResponseHead};

fuzz_target!(|data: &[u8]| {
    let found = challenges(data);
    let mut whole: Vec<Challenge> = found.into_iter().filter(|c| !c.is_broken).collect();
    assert_eq!(challenges(&write(&whole)), whole);

    let Some(value) = answer(data) else { return };
    let mut answers = challenges(&value);
    let answer = answers.pop().expect("there is an answer");
    assert!(answers.is_empty() && !answer.is_broken);
    let answered = |name: &str| param(&answer, name);
    assert_eq!(answered("uri").as_deref(), Some(&b"/x?y"[..]));
    whole.retain(|challenge| {
        challenge.scheme.eq_ignore_ascii_case(b"digest")
            && param(challenge, "realm") == answered("realm")
            && param(challenge, "nonce") == answered("nonce")
    });
    assert!(!whole.is_empty(), "the answer is to a challenge");
});

/// The `Authorization` that follows a 401 with this challenge.
fn answer(challenge: &[u8]) -> Option<Vec<u8>> {
    let mut request = Request::new("GET", "http://h/x?y").ok()?;
    let response = Response::builder(401).header("WWW-Authenticate", challenge);
    let response = response.text("");
    let mut flow = DigestAuth::new("us\"er", "password").flow();
    flow.next(&mut request, None).ok()?;
    let head = ResponseHead::new(response.status(), response.headers(), &request.url);
    let is_wanted = flow.wants(head);
    match flow.next(&mut request, Some(&response)) {
        Ok(AuthStep::Send) => assert!(is_wanted),
        Ok(_) => assert!(!is_wanted),
        Err(error) => assert!(is_wanted && error.is_protocol()),
    }
    request
        .headers
        .get_bytes("Authorization")
        .map(<[u8]>::to_vec)
}

fn param(challenge: &Challenge, name: &str) -> Option<Vec<u8>> {
    let mut params = challenge.params.iter();
    let (_, value) = params.find(|(given, _)| given.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(value.clone())
}

fn write(challenges: &[Challenge]) -> Vec<u8> {
    let mut out = Vec::new();
    for challenge in challenges {
        out.extend_from_slice(&challenge.scheme);
        out.push(b' ');
        if let Some(token) = &challenge.token68 {
            out.extend_from_slice(token);
        }
        for (name, value) in &challenge.params {
            out.extend_from_slice(name);
            out.extend_from_slice(b"=\"");
            for &byte in value {
                if matches!(byte, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            out.extend_from_slice(b"\",");
        }
        out.push(b',');
    }
    out
}
