//! `--as-json`: a response as one line of JSON, for programs.
//!
//! Owns the shape. An object with `method`, `url`, `http_version`, `status`, `reason`, `headers` (pairs, in their order),
//! `redirects` (the same of each response before), `elapsed` (seconds), and of the body one of `json`, `text`, and
//! `base64`, if it is not empty.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use papilio::{Response, StreamingResponse};
use serde_json::{Map, Value, json};

use super::Failure;
use super::output::Output;
use super::render::{self, Look};

/// Prints the line, once the body is there. One that is cut is printed as far as it came.
pub(crate) fn print(
    response: &mut StreamingResponse,
    headers_only: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let (body, result) = if headers_only {
        response.close();
        (None, Ok(()))
    } else {
        let (whole, result) = render::read(response);
        (body(&whole), result)
    };
    let mut record = head(response);
    let before: Vec<Value> = response
        .history()
        .iter()
        .map(|response| Value::Object(head(response)))
        .collect();
    record.insert("redirects".to_owned(), Value::Array(before));
    let elapsed = response.elapsed().map(|elapsed| elapsed.as_secs_f64());
    record.insert("elapsed".to_owned(), json!(elapsed));
    if let Some((name, value)) = body {
        record.insert(name.to_owned(), value);
    }
    let line = format!("{}\n", Value::Object(record));
    output
        .text(&line)
        .and_then(|()| output.flush())
        .map_err(Failure::Output)?;
    result
}

fn head<B>(response: &Response<B>) -> Map<String, Value> {
    let headers = response.headers();
    // One iterator has the names as written, the other the values as text.
    let headers: Vec<Value> = headers
        .iter()
        .zip(headers.multi_items())
        .map(|((name, _), (_, value))| json!([name, value]))
        .collect();
    let method = response.request().map(|request| request.method.as_str());
    let fields = [
        ("method", json!(method)),
        ("url", json!(response.url().masked().to_string())),
        ("http_version", json!(response.http_version())),
        ("status", json!(response.status().as_u16())),
        ("reason", json!(response.reason_phrase())),
        ("headers", Value::Array(headers)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn body(whole: &Response) -> Option<(&'static str, Value)> {
    if whole.content().is_empty() {
        return None;
    }
    let content_type = whole.headers().get("Content-Type").unwrap_or_default();
    let look = Look::of(&content_type);
    if look == Look::Json
        && let Ok(value) = whole.json()
    {
        return Some(("json", value));
    }
    Some(if look == Look::Binary {
        ("base64", json!(BASE64_STANDARD.encode(whole.content())))
    } else {
        ("text", json!(whole.text()))
    })
}
