//! JSON laid out for people: four blanks a level, and nothing else changed.
//!
//! Owns the layout. It moves text, not values, so numbers, escapes, order and repeated names stay as they were written;
//! whether it is JSON at all is serde_json's to say.

use std::io;

use serde::de::IgnoredAny;

use super::output::{Colour, Output};

/// Whether it is JSON that can be laid out: not so deep that its indents are more than its content.
pub(crate) fn is_printable(text: &str) -> bool {
    let mut depth: usize = 0;
    let mut deepest = 0;
    for token in Tokens(text) {
        match token {
            "{" | "[" => depth += 1,
            "}" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest <= DEEPEST && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Prints JSON, without a line end.
pub(crate) fn print(text: &str, output: &mut Output) -> io::Result<()> {
    let mut depth: usize = 0;
    let mut tokens = Tokens(text).peekable();
    while let Some(token) = tokens.next() {
        let next = tokens.peek().copied();
        match token {
            "{" | "[" => {
                output.text(token)?;
                depth += 1;
                if !matches!(next, Some("}" | "]")) {
                    new_line(depth, output)?;
                }
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                output.text(token)?;
            }
            "," => {
                output.text(token)?;
                new_line(depth, output)?;
            }
            ":" => output.text(": ")?,
            _ => output.coloured(colour(token, next), token)?,
        }
        let is_value = !matches!(token, "{" | "[" | "," | ":");
        if is_value && matches!(next, Some("}" | "]")) {
            new_line(depth.saturating_sub(1), output)?;
        }
    }
    Ok(())
}

fn new_line(depth: usize, output: &mut Output) -> io::Result<()> {
    output.text("\n")?;
    for _ in 0..depth {
        output.text("    ")?;
    }
    Ok(())
}

fn colour(token: &str, next: Option<&str>) -> Colour {
    match token.as_bytes().first() {
        Some(b'"') if next == Some(":") => Colour::CYAN,
        Some(b'"') => Colour::GREEN,
        Some(b't' | b'f' | b'n') => Colour::MAGENTA,
        _ => Colour::YELLOW,
    }
}

/// Marks, strings, and everything else between blanks and marks.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches(BLANK);
        let length = match text.as_bytes().first()? {
            b'"' => string_length(text),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            _ => text
                .find(|c| BLANK.contains(&c) || "{}[],:\"".contains(c))
                .unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at_checked(length).unwrap_or((text, ""));
        self.0 = rest;
        Some(token)
    }
}

/// With both quotes; a string that does not end goes to the end.
fn string_length(text: &str) -> usize {
    let mut is_escaped = true; // The first quote ends nothing.
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// As deep as serde_json would go for values.
const DEEPEST: usize = 128;
