//! A form with a file of 2 GiB, sent and sent again, and the memory that takes.

use std::time::Instant;

use papilio::multipart::{Form, Part};
use papilio::{DigestAuth, Response};
use serde_json::Value;

use crate::programs::{
    HTTPBIN, HTTPBIN_CLOSING, UVICORN, UVICORN_H11, alone, client, figure, following, growth, json,
    work,
};

fn form(file: &str) -> Form {
    Form::new()
        .text("title", "before")
        .file("file", work(file))
        .unwrap()
        .part("after", Part::bytes("after").file_name("after.txt"))
}

/// Runs this and checks what the process needed for it.
#[track_caller]
fn in_little_memory(what: &str, send: impl FnOnce() -> Response) -> Response {
    let began = Instant::now();
    let mut response = None;
    let grown = growth(|| response = Some(send()));
    let response = response.unwrap();
    let (elapsed, status) = (began.elapsed(), response.status().as_u16());
    figure(&format!(
        "{what}: {status} after {elapsed:.1?}, memory grew by {} KiB",
        grown.unwrap_or_default()
    ));
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
    let disposition = "form-data; name=\"file\"; filename=\"upload.bin\"";
    assert_eq!(file["content-disposition"], disposition, "{seen}");
}

fn truth() -> Value {
    let truth = json(&client().get(UVICORN.url("/truth")).send().unwrap());
    assert_eq!(truth["bytes"], (2_u64 << 30) + 12_345);
    truth
}

/// 307 when the server has read everything: all is sent twice.
#[test]
fn two_gibibytes_twice() {
    if !alone("upload::two_gibibytes_twice") {
        return;
    }
    let (client, truth) = (following(), truth());
    let response = in_little_memory("2 GiB to uvicorn, 307 at the end, again", || {
        client
            .post(UVICORN.url("/moved-late"))
            .multipart(form("upload.bin"))
            .send()
            .unwrap()
    });
    assert_eq!(response.history().len(), 1);
    assert_whole(&response, &truth);
}

/// 308 before the server has read anything: the sending stops.
#[test]
fn two_gibibytes_redirected_at_once() {
    if !alone("upload::two_gibibytes_redirected_at_once") {
        return;
    }
    let (client, truth) = (following(), truth());
    let response = in_little_memory("2 GiB to uvicorn, 308 at once", || {
        client
            .post(UVICORN_H11.url("/moved-early"))
            .multipart(form("upload.bin"))
            .send()
            .unwrap()
    });
    assert_eq!(response.history().len(), 1);
    assert_whole(&response, &truth);
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
        let response = in_little_memory(what, || {
            // httpbin takes no POST here.
            let request = client
                .request("GET", url)
                .auth(DigestAuth::new("ada", "lovelace"));
            request.multipart(form(file)).send().unwrap()
        });
        assert_eq!(response.history().len(), 1);
        assert_eq!(json(&response)["user"], "ada");
    }
}
