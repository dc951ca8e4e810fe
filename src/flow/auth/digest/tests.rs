//! Tests of Digest authentication: known answers, and which responses are answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::models::body::Body;
use crate::models::request::RequestTarget;
use crate::models::url::Url;

const URL: &str = "http://www.example.org/dir/index.html";

fn fixed(user: &str, password: &str, cnonce: &'static str) -> DigestAuth {
    DigestAuth::with_cnonce(user, password, move || Ok(cnonce.to_owned()))
}

fn unauthorized(challenges: &[&[u8]]) -> Response {
    let mut response = Response::builder(401);
    for challenge in challenges {
        response = response.header("WWW-Authenticate", challenge);
    }
    response.text("")
}

fn get(url: &str) -> Request {
    Request::new("GET", url).unwrap()
}

fn authorization(request: &Request) -> String {
    let value = request.headers.get("Authorization");
    value.unwrap_or_default().into_owned()
}

/// What is sent after a challenge; empty if it is not answered.
fn answer_to(auth: &DigestAuth, request: &mut Request, challenges: &[&[u8]]) -> Result<String> {
    let mut flow = auth.flow();
    assert!(matches!(flow.next(request, None)?, AuthStep::Send));
    request.headers.remove("Authorization");
    let response = unauthorized(challenges);
    let is_wanted = wants(&mut *flow, &response, &request.url);
    match flow.next(request, Some(&response))? {
        AuthStep::Send => assert!(is_wanted),
        step => assert!(!is_wanted && matches!(step, AuthStep::Done)),
    }
    Ok(authorization(request))
}

fn wants(flow: &mut dyn AuthFlow, response: &Response, url: &Url) -> bool {
    flow.wants(ResponseHead::new(
        response.status(),
        response.headers(),
        url,
    ))
}

fn param(value: &str, name: &str) -> Option<String> {
    let challenges = super::super::challenge::challenges(value.as_bytes());
    let value = challenges.first()?.param(name).unwrap()?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}

/// AUT-31, AUT-25: RFC 2069 section 2.4, with the response its erratum has.
#[test]
fn the_example_of_rfc_2069_comes_out() {
    let auth = DigestAuth::new("Mufasa", "CircleOfLife");
    let challenge = br#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let answer = answer_to(&auth, &mut get("http://h/dir/index.html"), &[challenge]).unwrap();
    assert_eq!(
        answer,
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         uri=\"/dir/index.html\", response=\"1949323746fe6a43ef61f9606e7febea\", algorithm=MD5, \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
    );
}

/// AUT-31, AUT-24, AUT-26
#[test]
fn the_first_example_of_rfc_7616_comes_out() {
    let cases = [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ];
    for (algorithm, expected) in cases {
        let auth = fixed(
            "Mufasa",
            "Circle of Life",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        );
        let challenge = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        let answer = answer_to(&auth, &mut get(URL), &[challenge.as_bytes()]).unwrap();
        let wanted = format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
             response=\"{expected}\", algorithm={algorithm}, opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", \
             qop=auth, nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""
        );
        assert_eq!(answer, wanted);
    }
}

/// RFC 7616 section 3.9.2, with the values of erratum 4897: the printed ones are of SHA-512 cut short, which is another
/// hash than SHA-512/256.
#[test]
fn the_second_example_of_rfc_7616_comes_out() {
    let auth = fixed(
        "Jäsøn Doe",
        "Secret, or not?",
        "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    );
    let challenge = br#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true"#;
    let mut request = get("http://api.example.org/doe.json");
    let answer = answer_to(&auth, &mut request, &[challenge]).unwrap();
    assert_eq!(
        param(&answer, "username").unwrap(),
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    );
    assert_eq!(
        param(&answer, "response").unwrap(),
        "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    );
    assert_eq!(param(&answer, "userhash").unwrap(), "true");
}

/// AUT-23, AUT-24, AUT-25: from another implementation; the first 32 digits, and how many there are.
#[test]
fn every_algorithm_comes_out() {
    let cases = [
        ("MD5", "auth", 32, "20d072a4b4f1ae77f4b2d1c283794b99"),
        ("MD5", "auth-int", 32, "62702a0bcbe96b61b0e85779819f2827"),
        ("MD5-sess", "auth", 32, "2648eea39b78af5a6c450221bdade92a"),
        (
            "md5-SESS",
            "auth-int",
            32,
            "349dee4f5130084ed684853c8a0acbfb",
        ),
        ("SHA", "auth", 40, "a0c1de4e12a49342723330a5c440ac8a"),
        ("sha", "auth-int", 40, "e8e3b55e7c9b89a63810d12a9c1ef6bf"),
        ("SHA-SESS", "auth", 40, "d123eaf0048324f7bd4bf851c6d5e961"),
        ("SHA-256", "auth", 64, "c65d9f1db30ad46f305ea9d9362082e7"),
        (
            "SHA-256",
            "auth-int",
            64,
            "14a0e299ca93e3aec6aa83f7cd178116",
        ),
        (
            "SHA-256-sess",
            "auth",
            64,
            "1a567228b804f953f074c8e51bcd0c29",
        ),
        ("SHA-512", "auth", 128, "24a090de1228ed9de8f66c5686304525"),
        (
            "SHA-512-sess",
            "auth",
            128,
            "59eae1c809386ba25477a4e8490c497a",
        ),
        (
            "SHA-512-256",
            "auth",
            64,
            "98d7d38e11487e55ba5490f1c01d2c4b",
        ),
        (
            "SHA-512-256-sess",
            "auth-int",
            64,
            "9a7d27fb141e1a76cf9c9af4bf9652c8",
        ),
    ];
    for (algorithm, qop, length, expected) in cases {
        let bodies = [
            Body::from("body"),
            Body::factory(|| Body::iter(["bo", "", "dy"])),
        ];
        for body in bodies {
            let auth = fixed("user", "pass word", "cnonce");
            let challenge = format!(
                "Digest realm=\"realm\", nonce=nonce, algorithm={algorithm}, qop=\"{qop}\""
            );
            let mut request = Request::new("POST", "http://h/p?q=1").unwrap();
            request.body = body;
            let answer = answer_to(&auth, &mut request, &[challenge.as_bytes()]).unwrap();
            let response = param(&answer, "response").unwrap();
            assert_eq!(response.len(), length, "{algorithm} {qop}");
            assert_eq!(&response[..32], expected, "{algorithm} {qop}");
            assert_eq!(param(&answer, "algorithm").unwrap(), algorithm);
            assert_eq!(param(&answer, "qop").unwrap(), qop);
            assert_eq!(request.body.buffer().unwrap(), b"body");
        }
    }
}

/// AUT-25
#[test]
fn a_body_that_cannot_be_sent_again_is_not_hashed() {
    let auth = DigestAuth::new("u", "p");
    let mut request = get(URL).with_body(Body::reader(&b"once"[..]));
    let challenge = br#"Digest realm="r", nonce="n", qop="auth-int""#;
    let error = answer_to(&auth, &mut request, &[challenge]).unwrap_err();
    assert_eq!(error.kind(), Kind::StreamConsumed);
    // The challenge is remembered all the same, and such a body is not touched.
    answer_to(&auth, &mut get(URL), &[challenge]).unwrap();
    let mut flow = auth.flow();
    flow.next(&mut request, None).unwrap();
    assert_eq!(authorization(&request), "");
    assert_eq!(request.body.buffer().unwrap(), b"once");
}

/// AUT-21
#[test]
fn the_strongest_challenge_is_answered() {
    let chosen = |challenges: &[&[u8]]| {
        let answer = answer_to(&DigestAuth::new("u", "p"), &mut get(URL), challenges).unwrap();
        param(&answer, "nonce").unwrap()
    };
    let one_line = br#"Basic realm="b, Digest", Digest realm="r", nonce="a", Digest realm=r, nonce=b, algorithm=SHA-256, Negotiate"#;
    assert_eq!(chosen(&[one_line]), "b");
    let md5 = b"Digest realm=r, nonce=md5";
    let sha1 = b"Digest realm=r, nonce=sha1, algorithm=SHA";
    let sha256 = b"Digest realm=r, nonce=sha256, algorithm=SHA-256";
    let sha512 = b"digest realm=r, nonce=sha512, algorithm=\"SHA-512\"";
    let best = b"DIGEST realm=r, nonce=best, algorithm=SHA-512-256";
    let unknown = b"Digest realm=r, nonce=unknown, algorithm=SHA-1024";
    assert_eq!(chosen(&[md5, sha256, unknown, sha512]), "sha512");
    assert_eq!(chosen(&[unknown, sha512, best, md5]), "best");
    assert_eq!(chosen(&[sha1, md5]), "sha1");
    assert_eq!(chosen(&[md5, sha1]), "md5");
    // One that makes no sense does not hide one that does.
    assert_eq!(chosen(&[b"Digest algorithm=SHA-256", md5]), "md5");
}

/// AUT-22, AUT-25
#[test]
fn malformed_challenges_are_errors() {
    let cases: [(&[u8], &str); 10] = [
        (b"Digest", "Malformed"),
        (b"Digest realm=\"r\"", "Malformed"),
        (b"Digest nonce=\"n\"", "Malformed"),
        (b"Digest dGVzdA==", "Malformed"),
        (b"Digest realm=\"r\", nonce=\"n", "Malformed"),
        (b"Digest realm=\"r\", nonce=\"n\", nonce=\"m\"", "Malformed"),
        (b"Digest realm=\"r\", nonce=\"n\" x", "Malformed"),
        (b"Digest realm=\"r\", @, nonce=\"n\"", "Malformed"),
        (b"Digest realm=r, nonce=n, qop=\"\"", "unexpected qop"),
        (
            b"Digest realm=r, nonce=n, qop=\"auth-conf\"",
            "unexpected qop",
        ),
    ];
    for (challenge, expected) in cases {
        let auth = DigestAuth::new("u", "p");
        let error = answer_to(&auth, &mut get(URL), &[challenge]).unwrap_err();
        assert_eq!(error.kind(), Kind::Auth);
        assert!(error.is_protocol());
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// AUT-20, SEC-213
#[test]
fn what_cannot_be_answered_is_returned() {
    let auth = DigestAuth::new("u", "p");
    let cases: [&[&[u8]]; 5] = [
        &[],
        &[b"Basic realm=\"Digest realm=r, nonce=n\""],
        &[b"Digest realm=r, nonce=n, algorithm=SHA-3"],
        &[b"Digest realm=r, nonce=n, algorithm=-sess"],
        &[b"Digest realm=r, nonce=n, algorithm=MD5-sess"],
    ];
    for challenges in cases {
        let answer = answer_to(&auth, &mut get(URL), challenges).unwrap();
        assert_eq!(answer, "", "{challenges:?}");
    }
    let mut request = get(URL);
    let mut flow = auth.flow();
    flow.next(&mut request, None).unwrap();
    let refused = Response::builder(403)
        .header("WWW-Authenticate", "Digest realm=r, nonce=n")
        .text("");
    assert!(!wants(&mut *flow, &refused, &request.url));
}

/// AUT-22, SEC-213: names in any case, commas and escapes in values; AUT-26: what is quoted is escaped again.
#[test]
fn quoting_survives() {
    let auth = fixed("a\"b\\c", "p", "x");
    let challenge =
        b"Digest REALM=\"a, \\\"b\\\", c=\\\\\", Nonce = \"n,\xE9\", OPAQUE=\"\", QOP=\"foo, auth\"";
    let mut request = get("http://h/?q=\"");
    answer_to(&auth, &mut request, &[challenge]).unwrap();
    let value = request.headers.get_bytes("Authorization").unwrap();
    let hash = |parts: &[&[u8]]| hash::Algorithm::named(b"MD5").unwrap().hash(parts);
    let secret = hash(&[b"a\"b\\c", b"a, \"b\", c=\\", b"p"]);
    let subject = hash(&[b"GET", b"/?q=%22"]);
    let response = hash(&[
        secret.as_bytes(),
        b"n,\xE9",
        b"00000001",
        b"x",
        b"auth",
        subject.as_bytes(),
    ]);
    let start =
        b"Digest username=\"a\\\"b\\\\c\", realm=\"a, \\\"b\\\", c=\\\\\", nonce=\"n,\xE9\", uri=\"/?q=%22\", response=\"";
    let end = "\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"x\"";
    assert_eq!(
        value.escape_ascii().to_string(),
        [start.as_slice(), response.as_bytes(), end.as_bytes()]
            .concat()
            .escape_ascii()
            .to_string()
    );
}

/// RFC 7616 section 3.4
#[test]
fn a_user_name_that_quotes_cannot_hold_is_extended() {
    let name = |user: &str, challenge: &str| {
        let auth = DigestAuth::new(user, "p");
        let answer = answer_to(&auth, &mut get(URL), &[challenge.as_bytes()]).unwrap();
        answer.split(", realm").next().unwrap().to_owned()
    };
    let plain = "Digest realm=r, nonce=n";
    let utf8 = "Digest realm=r, nonce=n, charset=utf-8";
    assert_eq!(name("Jäsøn", plain), "Digest username=\"Jäsøn\"");
    let extended = "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20'%25".replace('\'', "%27");
    let extended = extended.replacen("%27%27", "''", 1);
    assert_eq!(name("Jäsøn '%", utf8), extended);
    assert_eq!(name("Jason", utf8), "Digest username=\"Jason\"");
    assert_eq!(name("a\r\nb", plain), "Digest username*=UTF-8''a%0D%0Ab");
    // What is neither text nor quotable cannot be sent.
    let auth = DigestAuth::new([0, 0xFF], "p");
    let error = answer_to(&auth, &mut get(URL), &[plain.as_bytes()]).unwrap_err();
    assert_eq!(error.kind(), Kind::LocalProtocol);
}

#[test]
fn the_target_that_is_sent_is_hashed() {
    let mut request = get(URL);
    request
        .extensions_mut()
        .insert(RequestTarget::new("http://h/x"));
    let auth = DigestAuth::new("u", "p");
    let answer = answer_to(&auth, &mut request, &[b"Digest realm=r, nonce=n"]).unwrap();
    assert_eq!(param(&answer, "uri").unwrap(), "http://h/x");
}

/// AUT-27, AUT-28
#[test]
fn a_challenge_is_remembered_for_its_origin() {
    let made = Arc::new(AtomicUsize::new(0));
    let auth = DigestAuth::with_cnonce("u", "p", move || {
        Ok(format!("c{}", made.fetch_add(1, Ordering::Relaxed)))
    });
    let challenge = br#"Digest realm="r", nonce="one", qop="auth""#;
    let answer = answer_to(&auth, &mut get("http://h/a"), &[challenge]).unwrap();
    assert_eq!(param(&answer, "nc").unwrap(), "00000001");

    let in_advance = |url: &str| {
        let mut request = get(url);
        let step = auth.clone().flow().next(&mut request, None).unwrap();
        assert!(matches!(step, AuthStep::Send));
        authorization(&request)
    };
    let second = in_advance("http://h:80/b");
    assert_eq!(param(&second, "nc").unwrap(), "00000002");
    assert_eq!(param(&second, "uri").unwrap(), "/b");
    assert_ne!(param(&second, "cnonce"), param(&answer, "cnonce"));
    assert_eq!(param(&in_advance("http://h/"), "nc").unwrap(), "00000003");
    for other in ["https://h/", "http://h:81/", "http://g/", "http://h.h/"] {
        assert_eq!(in_advance(other), "", "{other}");
    }
    // A new challenge counts from the beginning, another answer to the old one goes on.
    let new = br#"Digest realm="r", nonce="two", qop="auth""#;
    let answer = answer_to(&auth, &mut get("http://h/a"), &[new]).unwrap();
    assert_eq!(param(&answer, "nc").unwrap(), "00000001");
    assert_eq!(param(&in_advance("http://h/"), "nc").unwrap(), "00000002");
}

/// SEC-213: a nonce count is never used twice.
#[test]
fn threads_share_the_count() {
    let auth = DigestAuth::new("u", "p");
    let challenge = br#"Digest realm="r", nonce="n", qop="auth""#;
    answer_to(&auth, &mut get(URL), &[challenge]).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let auth = auth.clone();
            std::thread::spawn(move || {
                let counts = (0..50).map(|_| {
                    let mut request = get(URL);
                    auth.flow().next(&mut request, None).unwrap();
                    param(&authorization(&request), "nc").unwrap()
                });
                counts.collect::<Vec<_>>()
            })
        })
        .collect();
    let mut counts: Vec<_> = threads
        .into_iter()
        .flat_map(|t| t.join().unwrap())
        .collect();
    counts.sort_unstable();
    let expected: Vec<_> = (2..=201).map(|n| format!("{n:08x}")).collect();
    assert_eq!(counts, expected);
}

/// AUT-20, AUT-28: one answer to a challenge, one more request than without.
#[test]
fn a_refusal_is_final_and_forgotten() {
    let auth = DigestAuth::new("u", "wrong");
    let mut request = get(URL);
    let url = request.url.clone();
    let mut flow = auth.flow();
    flow.next(&mut request, None).unwrap();
    let first = unauthorized(&[b"Digest realm=r, nonce=a, qop=auth"]);
    assert!(wants(&mut *flow, &first, &url));
    flow.next(&mut request, Some(&first)).unwrap();
    for nonce in ["a", "b", "c"] {
        let again = format!("Digest realm=r, nonce={nonce}, qop=auth, stale=true");
        let again = unauthorized(&[again.as_bytes()]);
        assert!(!wants(&mut *flow, &again, &url));
        let step = flow.next(&mut request, Some(&again)).unwrap();
        assert!(matches!(step, AuthStep::Done));
    }
    let mut next = get(URL);
    auth.flow().next(&mut next, None).unwrap();
    assert_eq!(authorization(&next), "");
}

/// AUT-28, SEC-213: credentials sent in advance.
#[test]
fn a_stale_nonce_is_replaced_once() {
    let challenge = |nonce: &str, more: &str| {
        unauthorized(&[format!("Digest realm=r, nonce={nonce}, qop=auth{more}").as_bytes()])
    };
    let sent_in_advance = || {
        let auth = DigestAuth::new("u", "p");
        let mut request = get(URL);
        answer_to(&auth, &mut request, &[b"Digest realm=r, nonce=a, qop=auth"]).unwrap();
        let mut flow = auth.flow();
        flow.next(&mut request, None).unwrap();
        assert_eq!(param(&authorization(&request), "nc").unwrap(), "00000002");
        (auth, flow, request)
    };
    // The same nonce again means that the credentials are wrong.
    let (auth, mut flow, mut request) = sent_in_advance();
    let url = request.url.clone();
    assert!(!wants(&mut *flow, &challenge("a", ""), &url));
    auth.flow().next(&mut request, None).unwrap();
    assert_eq!(param(&authorization(&request), "nc").unwrap(), "00000002");

    let cases = [
        ("b", "", "00000001"),
        ("b", ", stale=TRUE", "00000001"),
        ("a", ", stale=true", "00000003"),
    ];
    for (nonce, more, count) in cases {
        let (_, mut flow, mut request) = sent_in_advance();
        let response = challenge(nonce, more);
        assert!(wants(&mut *flow, &response, &url));
        flow.next(&mut request, Some(&response)).unwrap();
        assert_eq!(param(&authorization(&request), "nc").unwrap(), count);
        assert!(!wants(&mut *flow, &challenge("z", ", stale=true"), &url));
    }
}

/// SEC-213: a challenge after a redirect to another origin gets no answer.
#[test]
fn challenges_of_other_origins_are_returned() {
    let auth = DigestAuth::new("u", "p");
    let mut request = get(URL);
    let mut flow = auth.flow();
    flow.next(&mut request, None).unwrap();
    let mut response = unauthorized(&[b"Digest realm=r, nonce=n"]);
    let elsewhere = Url::parse("http://evil.example/").unwrap();
    assert!(!wants(&mut *flow, &response, &elsewhere));
    let same = Url::parse("http://www.example.org/other").unwrap();
    assert!(wants(&mut *flow, &response, &same));
    response.head.request = Some(get("http://evil.example/"));
    let step = flow.next(&mut request, Some(&response)).unwrap();
    assert!(matches!(step, AuthStep::Done));
    assert_eq!(authorization(&request), "");
    response.head.request = Some(get("http://www.example.org/other"));
    flow.next(&mut request, Some(&response)).unwrap();
    assert_eq!(
        param(&authorization(&request), "uri").unwrap(),
        "/dir/index.html"
    );
}

/// AUT-24: servers differ on which client nonce counts for `-sess`, so a session has one.
#[test]
fn a_session_keeps_its_client_nonce() {
    let auth = DigestAuth::new("u", "p");
    let challenge = b"Digest realm=r, nonce=n, qop=auth, algorithm=SHA-256-sess";
    let answer = answer_to(&auth, &mut get(URL), &[challenge]).unwrap();
    let mut request = get(URL);
    auth.flow().next(&mut request, None).unwrap();
    let second = authorization(&request);
    assert_eq!(param(&second, "cnonce"), param(&answer, "cnonce"));
    assert_eq!(param(&second, "nc").unwrap(), "00000002");
}

/// AUT-27
#[test]
fn client_nonces_are_random() {
    let nonces: Vec<_> = (0..100).map(|_| random_cnonce().unwrap()).collect();
    let distinct: std::collections::HashSet<_> = nonces.iter().collect();
    assert_eq!(distinct.len(), nonces.len());
    assert!(nonces.iter().all(|nonce| nonce.len() == 16));
    let is_hex = |nonce: &String| nonce.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(nonces.iter().all(is_hex));
}

#[test]
fn not_every_origin_is_remembered_for_ever() {
    let auth = DigestAuth::new("u", "p");
    let challenge = b"Digest realm=r, nonce=n, qop=auth";
    for host in 0..150 {
        answer_to(&auth, &mut get(&format!("http://h{host}/")), &[challenge]).unwrap();
    }
    let remembered = |host: u32| {
        let mut request = get(&format!("http://h{host}/"));
        auth.flow().next(&mut request, None).unwrap();
        !authorization(&request).is_empty()
    };
    assert!(!remembered(0) && !remembered(49) && remembered(50) && remembered(149));
}

#[test]
fn nothing_secret_is_printed() {
    let auth = DigestAuth::new("hidden", "hidden");
    assert_eq!(format!("{auth:?}"), "DigestAuth(..)");
    let error = answer_to(&auth, &mut get(URL), &[b"Digest realm=r"]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hidden"));
}
