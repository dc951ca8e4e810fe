//! A form with a file of 2 GiB, sent and sent again, and the memory that takes.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use papilio::multipart::{Form, Part};
use papilio::{DigestAuth, Response};
use serde_json::Value;

use crate::programs::{
    HTTPBIN, HTTPBIN_CLOSING, UVICORN, UVICORN_H11, alone, client, figure, following, growth, json,
    work,
};

/// How far each sending of a form got, in bytes.
type Sent = Arc<Mutex<Vec<u64>>>;

fn form(file: &str, sent: &Sent) -> Form {
    let sent = Arc::clone(sent);
    let report = move |bytes, _| {
        let mut sent = sent.lock().unwrap();
        match sent.last_mut() {
            Some(last) if bytes > 0 => *last = bytes,
            _ => sent.push(bytes),
        }
    };
    Form::new()
        .on_progress(report)
        .text("title", "before")
        .file("file", work(file))
        .unwrap()
        .part("after", Part::bytes("after").file_name("after.txt"))
}

/// Sends a form with this file and checks what the process needed for it, and whether the first sending was stopped or
/// went to the end.
#[track_caller]
fn in_little_memory(
    what: &str,
    file: &str,
    first_stops: bool,
    send: impl FnOnce(Form) -> Response,
) -> Response {
    let sent = Sent::default();
    let form = form(file, &sent);
    let began = Instant::now();
    let mut response = None;
    let grown = growth(|| response = Some(send(form)));
    let response = response.unwrap();
    let sent = sent.lock().unwrap().clone();
    let (elapsed, status) = (began.elapsed(), response.status().as_u16());
    figure(&format!(
        "{what}: {status} after {elapsed:.1?}, sent {sent:?} bytes, memory grew by {} KiB",
        grown.unwrap_or_default()
    ));
    let size = work(file).metadata().unwrap().len();
    let [first, second] = sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(first < size, first_stops, "{sent:?}");
    assert!(second > size, "{sent:?}");
    assert_eq!(response.history().len(), 1);
    assert!(grown.is_none_or(|kib| kib < 8 << 10), "{grown:?} KiB");
    response
}

/// That the server received the form as it is.
#[track_caller]
fn assert_whole(response: &Response, truth: &Value) {
    let seen = json(response);
    assert_eq!(seen["length"], seen["bytes"].to_string(), "{seen}");
    assert_eq!(seen["complete"], true, "{seen}");
    let [title, file, after] = seen["parts"].as_array().unwrap().as_slice() else {
        panic!("{seen}")
    };
    assert_eq!(
        (&title["bytes"], &after["bytes"]),
        (&6.into(), &5.into()),
        "{seen}"
    );
    assert_eq!(
        (&file["bytes"], &file["crc"]),
        (&truth["bytes"], &truth["crc"]),
        "{seen}"
    );
    let disposition = file["content-disposition"].as_str().unwrap();
    assert!(
        disposition.starts_with("form-data; name=\"file\"; filename=\""),
        "{seen}"
    );
}

/// What the file is, by somebody else's reckoning.
fn truth(file: &str) -> Value {
    let truth = json(
        &client()
            .get(UVICORN.url("/truth"))
            .query([("file", file)])
            .send()
            .unwrap(),
    );
    assert_eq!(truth["bytes"], work(file).metadata().unwrap().len());
    truth
}

/// 307 when the server has read everything: all is sent twice.
#[test]
fn two_gibibytes_twice() {
    if !alone("upload::two_gibibytes_twice") {
        return;
    }
    let (client, truth) = (following(), truth("upload.bin"));
    let response = in_little_memory(
        "2 GiB to uvicorn, 307 at the end, again",
        "upload.bin",
        false,
        |form| {
            client
                .post(UVICORN.url("/moved-late"))
                .multipart(form)
                .send()
                .unwrap()
        },
    );
    assert_whole(&response, &truth);
}

/// 308 before the server has read anything: the sending stops, or goes on until the server closes.
#[test]
fn an_upload_redirected_at_once() {
    if !alone("upload::an_upload_redirected_at_once") {
        return;
    }
    for (program, file, what) in [
        (
            UVICORN,
            "upload.bin",
            "2 GiB to uvicorn with httptools, 308 at once",
        ),
        (
            UVICORN_H11,
            "files/large.bin",
            "256 MiB to uvicorn with h11, 308 at once",
        ),
    ] {
        let (client, truth) = (following(), truth(file));
        let response = in_little_memory(what, file, true, |form| {
            let post = client.post(program.url("/moved-early"));
            post.multipart(form).send().unwrap()
        });
        assert_whole(&response, &truth);
    }
}

/// A Digest challenge in answer to the upload, of a server that keeps the connection and of one that closes it.
#[test]
fn an_upload_after_a_challenge() {
    if !alone("upload::an_upload_after_a_challenge") {
        return;
    }
    for (program, file, what) in [
        (
            HTTPBIN,
            "upload.bin",
            "2 GiB to httpbin that keeps connections, Digest",
        ),
        (
            HTTPBIN_CLOSING,
            "files/large.bin",
            "256 MiB to httpbin that closes connections, Digest",
        ),
    ] {
        let client = client();
        let url = program.url("/digest-auth/auth/ada/lovelace/SHA-256");
        let response = in_little_memory(what, file, true, |form| {
            // httpbin takes no POST here.
            let request = client
                .request("GET", url)
                .auth(DigestAuth::new("ada", "lovelace"));
            request.multipart(form).send().unwrap()
        });
        assert_eq!(json(&response)["user"], "ada");
    }
}
