//! HTML and XML in colours, as they arrive.
//!
//! Owns which colour a character gets. It is a scanner, not a parser: it never changes, drops or moves a character,
//! whatever it thinks of the text.

use std::io;

use super::output::{Colour, Output};

/// Where in a document the scanner is.
pub(crate) struct Markup {
    state: State,
    is_html: bool,
    /// The element of the tag that is being read, in lower case, as far as it matters.
    name: String,
    is_end_tag: bool,
    /// What the next character decides the colour of: `<`, or the beginning of the end tag of [`State::Raw`].
    waiting: String,
    /// Characters of one colour, not printed yet.
    run: String,
    colour: Option<Colour>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// In `&amp;`, behind this many characters.
    Entity(u8),
    /// Behind `<`.
    Less,
    /// Behind `<!`, with this many `-`.
    Bang(u8),
    /// In `<!DOCTYPE` and `<?xml`.
    Declaration,
    /// In `<!-- -->`, behind this many `-`.
    Comment(u8),
    /// In `<![CDATA[ ]]>`, behind this many `]`.
    Section(u8),
    /// In the name of an element.
    Name,
    /// In a tag, before or in the name of an attribute.
    Tag,
    /// Behind `=`.
    Equals,
    /// In a value that this character ends.
    Quoted(char),
    Unquoted,
    /// In an element whose content is text, whatever it looks like, up to the end tag.
    Raw,
}

impl Markup {
    pub(crate) fn html() -> Self {
        Self::new(true)
    }

    pub(crate) fn xml() -> Self {
        Self::new(false)
    }

    fn new(is_html: bool) -> Self {
        Self {
            state: State::Text,
            is_html,
            name: String::new(),
            is_end_tag: false,
            waiting: String::new(),
            run: String::new(),
            colour: None,
        }
    }

    /// Prints the next piece.
    pub(crate) fn print(&mut self, text: &str, output: &mut Output) -> io::Result<()> {
        for c in text.chars() {
            self.step(c, output)?;
        }
        self.print_run(output)
    }

    /// Prints what is left when the text is over.
    pub(crate) fn end(&mut self, output: &mut Output) -> io::Result<()> {
        self.release(None, output)?;
        self.print_run(output)
    }

    fn step(&mut self, c: char, output: &mut Output) -> io::Result<()> {
        match self.state {
            State::Text | State::Entity(_) => self.in_text(c, output),
            State::Less => self.behind_less(c, output),
            State::Bang(_) | State::Declaration | State::Comment(_) | State::Section(_) => {
                self.state = self.in_declaration(c);
                self.put(c, Some(Colour::GREY), output)
            }
            State::Raw => self.in_raw(c, output),
            _ => self.in_tag(c, output),
        }
    }

    fn in_text(&mut self, c: char, output: &mut Output) -> io::Result<()> {
        if let State::Entity(length) = self.state {
            self.state = match c {
                ';' => State::Text,
                '#' | 'a'..='z' | 'A'..='Z' | '0'..='9' if length < LONGEST_ENTITY => {
                    State::Entity(length + 1)
                }
                _ => {
                    self.state = State::Text;
                    return self.in_text(c, output);
                }
            };
            return self.put(c, Some(Colour::YELLOW), output);
        }
        match c {
            '<' => {
                self.state = State::Less;
                self.waiting.push(c);
                Ok(())
            }
            '&' => {
                self.state = State::Entity(0);
                self.put(c, Some(Colour::YELLOW), output)
            }
            _ => self.put(c, None, output),
        }
    }

    fn behind_less(&mut self, c: char, output: &mut Output) -> io::Result<()> {
        let (state, colour) = match c {
            '!' => (State::Bang(0), Colour::GREY),
            '?' => (State::Declaration, Colour::GREY),
            '/' | '_' | ':' => (State::Name, Colour::BLUE),
            _ if c.is_alphabetic() => (State::Name, Colour::BLUE),
            _ => {
                self.release(None, output)?;
                self.state = State::Text;
                return self.in_text(c, output);
            }
        };
        self.state = state;
        self.is_end_tag = c == '/';
        self.name.clear();
        if !self.is_end_tag {
            self.name.push(c.to_ascii_lowercase());
        }
        self.release(Some(colour), output)?;
        self.put(c, Some(colour), output)
    }

    /// What is behind this character of a comment and the like.
    fn in_declaration(&self, c: char) -> State {
        match (self.state, c) {
            // `<!-->` is a whole comment.
            (State::Bang(1), '-') => State::Comment(2),
            (State::Bang(_), '-') => State::Bang(1),
            (State::Bang(0), '[') if !self.is_html => State::Section(0),
            (State::Bang(_) | State::Declaration, '>') => State::Text,
            (State::Comment(dashes), '-') => State::Comment(dashes.saturating_add(1)),
            (State::Comment(dashes), '>') if dashes >= 2 => State::Text,
            (State::Comment(_), _) => State::Comment(0),
            (State::Section(brackets), ']') => State::Section(brackets.saturating_add(1)),
            (State::Section(brackets), '>') if brackets >= 2 => State::Text,
            (State::Section(_), _) => State::Section(0),
            _ => State::Declaration,
        }
    }

    fn in_tag(&mut self, c: char, output: &mut Output) -> io::Result<()> {
        let (state, colour) = match (self.state, c) {
            (State::Quoted(end), _) if c == end => (State::Tag, Some(Colour::GREEN)),
            (State::Quoted(end), _) => (State::Quoted(end), Some(Colour::GREEN)),
            (_, '>') => (self.behind_tag(), Some(Colour::BLUE)),
            (State::Equals, '"' | '\'') => (State::Quoted(c), Some(Colour::GREEN)),
            (State::Equals, _) if c.is_whitespace() => (State::Equals, None),
            (_, _) if c.is_whitespace() => (State::Tag, None),
            (State::Equals | State::Unquoted, _) => (State::Unquoted, Some(Colour::GREEN)),
            (_, '/') => (State::Tag, Some(Colour::BLUE)),
            (State::Name, _) => {
                if self.name.len() < LONGEST_NAME {
                    self.name.push(c.to_ascii_lowercase());
                }
                (State::Name, Some(Colour::BLUE))
            }
            (_, '=') => (State::Equals, None),
            (_, _) => (State::Tag, Some(Colour::CYAN)),
        };
        self.state = state;
        self.put(c, colour, output)
    }

    fn behind_tag(&self) -> State {
        let is_raw = self.is_html && !self.is_end_tag && RAW.contains(&self.name.as_str());
        if is_raw { State::Raw } else { State::Text }
    }

    fn in_raw(&mut self, c: char, output: &mut Output) -> io::Result<()> {
        let begins = self.waiting.is_empty() && c == '<';
        let goes_on = match self.waiting.len() {
            0 => false,
            1 => c == '/',
            // Behind `</` the name is next, which is ASCII.
            length => self.name.as_bytes().get(length - 2).is_some_and(|next| {
                u8::try_from(c).is_ok_and(|byte| byte.eq_ignore_ascii_case(next))
            }),
        };
        if !begins && !goes_on {
            self.release(None, output)?;
            if c != '<' {
                return self.put(c, None, output);
            }
        }
        self.waiting.push(c);
        if self.waiting.len() == self.name.len() + 2 {
            self.state = State::Tag;
            self.is_end_tag = true;
            self.release(Some(Colour::BLUE), output)?;
        }
        Ok(())
    }

    /// Decides the colour of what waits.
    fn release(&mut self, colour: Option<Colour>, output: &mut Output) -> io::Result<()> {
        for c in std::mem::take(&mut self.waiting).chars() {
            self.put(c, colour, output)?;
        }
        Ok(())
    }

    fn put(&mut self, c: char, colour: Option<Colour>, output: &mut Output) -> io::Result<()> {
        // Blanks have no colour of their own.
        if colour != self.colour && !c.is_whitespace() {
            self.print_run(output)?;
            self.colour = colour;
        }
        self.run.push(c);
        Ok(())
    }

    fn print_run(&mut self, output: &mut Output) -> io::Result<()> {
        let run = std::mem::take(&mut self.run);
        match self.colour {
            Some(colour) if !run.is_empty() => output.coloured(colour, &run),
            _ => output.text(&run),
        }
    }
}

/// Elements whose content has no tags in it.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];
const LONGEST_NAME: usize = 16;
const LONGEST_ENTITY: u8 = 32;

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::Markup;
    use crate::cli::output::Output;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is printed of these pieces, colours and all.
    fn printed<'a>(mut markup: Markup, pieces: impl IntoIterator<Item = &'a str>) -> String {
        let written = Written::default();
        let mut output = Output::test(written.clone());
        for piece in pieces {
            markup.print(piece, &mut output).unwrap();
        }
        markup.end(&mut output).unwrap();
        output.flush().unwrap();
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    fn plain(text: &str) -> String {
        let mut parts = text.split("\x1b[");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |text, part| {
            text + part.split_once('m').map_or("", |(_, rest)| rest)
        })
    }

    /// Every short text of the characters that mean something, alone and in the middle of a script: nothing is lost.
    #[test]
    fn text_stays_as_it_is() {
        let characters = [
            '<', '>', '/', '!', '-', '[', ']', '&', ';', 'a', '=', '"', ' ', '?',
        ];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            let longer = texts
                .iter()
                .flat_map(|text| characters.map(|c| format!("{text}{c}")));
            texts = longer.collect();
        }
        for text in &texts {
            assert_eq!(plain(&printed(Markup::html(), [text.as_str()])), *text);
            assert_eq!(plain(&printed(Markup::xml(), [text.as_str()])), *text);
            let script = format!("<title>{text}</title>");
            assert_eq!(plain(&printed(Markup::html(), [script.as_str()])), script);
        }
    }

    /// The text is the same in whatever pieces it comes.
    #[test]
    fn pieces() {
        let text = "<p a='b'>é &amp; <!-- - -- --><script>x</s</script></p><";
        for at in 0..text.len() {
            if let Some((first, second)) = text.split_at_checked(at) {
                let shown = printed(Markup::html(), [first, second]);
                assert_eq!(plain(&shown), text);
            }
        }
    }
}
