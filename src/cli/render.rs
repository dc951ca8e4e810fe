//! How a response looks: status line, headers, and the body by its type.
//!
//! Owns the choice between JSON, markup, text and binary. Does not own escapes (`output.rs`), the layout of JSON
//! (`json.rs`) or the colours of markup (`markup.rs`).

use std::io;

use papilio::{Headers, Response, StreamingResponse};
use serde_json::Value;

use super::Failure;
use super::json;
use super::markup::Markup;
use super::output::{Colour, Output};

/// The head and an empty line, on their way at once.
pub(crate) fn head<B>(response: &Response<B>, output: &mut Output) -> io::Result<()> {
    let status = response.status();
    let colour = match status.as_u16() / 100 {
        2 => Colour::GREEN,
        3 => Colour::YELLOW,
        4 | 5 => Colour::RED,
        _ => Colour::CYAN,
    };
    output.coloured(Colour::BLUE, response.http_version())?;
    output.text(" ")?;
    let line = format!("{} {}", status.as_u16(), response.reason_phrase());
    output.coloured(colour, line.trim_end())?;
    output.text("\n")?;
    fields(response.headers(), false, |_| true, output)?;
    output.text("\n")?;
    output.flush()
}

/// Header fields that the closure says yes to, one on a line, their names in lower case if that is how they are sent.
pub(crate) fn fields(
    headers: &Headers,
    is_lower: bool,
    wanted: impl Fn(&str) -> bool,
    output: &mut Output,
) -> io::Result<()> {
    // One iterator has the names as written, the other the values as text.
    for ((name, _), (lower, value)) in headers.iter().zip(headers.multi_items()) {
        if wanted(name) {
            output.coloured(Colour::CYAN, if is_lower { &lower } else { name })?;
            output.text(": ")?;
            output.text(&value)?;
            output.text("\n")?;
        }
    }
    Ok(())
}

/// The body, if there is one, and a line end. What came before an error is shown too.
pub(crate) fn body(response: &mut StreamingResponse, output: &mut Output) -> Result<(), Failure> {
    let content_type = response.headers().get("Content-Type").unwrap_or_default();
    let look = Look::of(&content_type);
    let shown = match look {
        Look::Json => show_json(response, output),
        Look::Html if output.has_colours() => markup(response, Markup::html(), output),
        Look::Xml if output.has_colours() => markup(response, Markup::xml(), output),
        Look::Html | Look::Xml | Look::Text => text(response, true, output),
        Look::Binary => show_size(response, output),
    };
    output.flush().map_err(Failure::Output)?;
    shown
}

/// The body for programs: as it is, whatever it is. On a terminal it is shown as text all the same, for a server must not
/// drive the terminal.
pub(crate) fn raw(response: &mut StreamingResponse, output: &mut Output) -> Result<(), Failure> {
    if output.is_terminal() {
        let shown = text(response, false, output);
        output.flush().map_err(Failure::Output)?;
        return shown;
    }
    for piece in response.iter_bytes() {
        output
            .bytes(&piece?)
            .and_then(|()| output.flush())
            .map_err(Failure::Output)?;
    }
    Ok(())
}

/// Reads the body for the sake of the errors that may be in it.
pub(crate) fn nothing(response: &mut StreamingResponse) -> Result<(), Failure> {
    for piece in response.iter_bytes() {
        piece?;
    }
    Ok(())
}

/// The text as it arrives.
fn text(
    response: &mut StreamingResponse,
    end_line: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    pieces(response, end_line, output, |piece, output| {
        output.text(piece.unwrap_or_default())
    })
}

/// The markup as it arrives.
fn markup(
    response: &mut StreamingResponse,
    mut markup: Markup,
    output: &mut Output,
) -> Result<(), Failure> {
    pieces(response, true, output, |piece, output| match piece {
        Some(piece) => markup.print(piece, output),
        None => markup.end(output),
    })
}

/// Prints pieces of text as they come, and `None` at their end.
fn pieces(
    response: &mut StreamingResponse,
    end_line: bool,
    output: &mut Output,
    mut print: impl FnMut(Option<&str>, &mut Output) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut is_empty = true;
    let mut result = Ok(());
    for piece in response.iter_text() {
        match piece {
            Ok(piece) => {
                is_empty = is_empty && piece.is_empty();
                print(Some(&piece), output)
                    .and_then(|()| output.flush())
                    .map_err(Failure::Output)?;
            }
            Err(error) => result = Err(error.into()),
        }
    }
    print(None, output).map_err(Failure::Output)?;
    output.end_text();
    if end_line && !is_empty {
        output.text("\n").map_err(Failure::Output)?;
    }
    result
}

fn show_json(response: &mut StreamingResponse, output: &mut Output) -> Result<(), Failure> {
    let (whole, result) = read(response);
    if !whole.content().is_empty() {
        show_whole_json(&whole, output).map_err(Failure::Output)?;
    }
    result
}

/// What there is of the body, with what it takes to make text of it.
pub(crate) fn read(response: &mut StreamingResponse) -> (Response, Result<(), Failure>) {
    let mut content = Vec::new();
    let mut result = Ok(());
    for piece in response.iter_bytes() {
        match piece {
            Ok(piece) => content.extend_from_slice(&piece),
            Err(error) => result = Err(error.into()),
        }
    }
    let content_type = response.headers().get("Content-Type").unwrap_or_default();
    let whole = Response::builder(200)
        .header("Content-Type", content_type.as_bytes())
        .bytes(content);
    (whole, result)
}

fn show_whole_json(response: &Response, output: &mut Output) -> io::Result<()> {
    // JSON is UTF-8, whatever Content-Type says; the rare rest takes a longer way.
    let utf8 = std::str::from_utf8(response.content()).ok();
    let utf8 = utf8.map(|text| text.strip_prefix('\u{FEFF}').unwrap_or(text));
    if let Some(text) = utf8.filter(|text| json::is_printable(text)) {
        json::print(text, output)?;
    } else if let Ok(value) = response.json::<Value>() {
        json::print(&value.to_string(), output)?;
    } else {
        output.text(&response.text())?;
    }
    output.text("\n")
}

fn show_size(response: &mut StreamingResponse, output: &mut Output) -> Result<(), Failure> {
    let mut size: u64 = 0;
    for piece in response.iter_bytes() {
        size += piece?.len() as u64;
    }
    if size > 0 {
        let line = format!("<{size} bytes of binary data>\n");
        output.text(&line).map_err(Failure::Output)?;
    }
    Ok(())
}

/// What can be done with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Json,
    Html,
    Xml,
    Text,
    Binary,
}

impl Look {
    pub(crate) fn of(content_type: &str) -> Self {
        let media_type = content_type.split([';', ',']).next().unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        let (kind, subtype) = media_type.split_once('/').unwrap_or_default();
        match kind {
            "application" if subtype == "json" => Self::Json,
            _ if subtype.ends_with("+json") => Self::Json,
            "text" if subtype == "html" => Self::Html,
            "text" | "application" if subtype == "xml" => Self::Xml,
            _ if subtype.ends_with("+xml") => Self::Xml,
            "text" if !subtype.is_empty() => Self::Text,
            "application" if TEXT.contains(&subtype) => Self::Text,
            _ => Self::Binary,
        }
    }
}

/// Text whose type does not say so.
const TEXT: &[&str] = &[
    "graphql",
    "javascript",
    "jsonl",
    "sql",
    "toml",
    "x-ndjson",
    "x-sh",
    "x-www-form-urlencoded",
    "yaml",
];
