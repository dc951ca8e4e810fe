//! `Netrc`: the grammar of netrc files.
//!
//! Any bytes can be parsed, in one pass. No message has a word of the file in it: it may be a password.

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct Netrc {
    /// In order.
    pub(crate) machines: Vec<(Vec<u8>, Entry)>,
    pub(crate) default: Option<Entry>,
}

/// Bytes as they stand in the file; empty where it has none.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) login: Vec<u8>,
    pub(crate) password: Vec<u8>,
}

/// What is wrong, and where, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) message: &'static str,
}

impl Netrc {
    /// AUT-14
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Problem> {
        let mut words = Words {
            rest: text,
            line: 1,
        };
        let mut netrc = Self::default();
        // The entry being read; its name is `None` for the default.
        let mut open: Option<(Option<Vec<u8>>, Entry)> = None;
        while let Some(word) = words.next()? {
            let problem = |message| Problem {
                line: word.line,
                message,
            };
            if word.is_comment {
                words.skip_line(word.line);
                continue;
            }
            match (&*word.text, &mut open) {
                (b"machine", _) => {
                    let name = words.value(word.line, "machine without a name")?;
                    netrc.keep(open.replace((Some(name), Entry::default())));
                }
                (b"default", _) => netrc.keep(open.replace((None, Entry::default()))),
                (b"macdef", _) => {
                    netrc.keep(open.take());
                    words.value(word.line, "macdef without a name")?;
                    words.skip_macro();
                }
                (b"login" | b"user", Some((_, entry))) => {
                    entry.login = words.value(word.line, "login without a value")?;
                }
                (b"password", Some((_, entry))) => {
                    entry.password = words.value(word.line, "password without a value")?;
                }
                (b"account", Some(_)) => {
                    words.value(word.line, "account without a value")?;
                }
                (_, None) => return Err(problem("expected machine, default or macdef")),
                (_, Some(_)) => {
                    return Err(problem("expected login, password, account or a new entry"));
                }
            }
        }
        netrc.keep(open);
        Ok(netrc)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.machines
            .iter()
            .map(|(_, entry)| entry)
            .chain(&self.default)
    }

    fn keep(&mut self, entry: Option<(Option<Vec<u8>>, Entry)>) {
        match entry {
            Some((Some(name), entry)) => self.machines.push((name, entry)),
            Some((None, entry)) => self.default = Some(entry),
            None => {}
        }
    }
}

impl Entry {
    /// Whether others should not see it (AUT-15).
    pub(crate) fn is_secret(&self) -> bool {
        !self.password.is_empty() && self.login != b"anonymous"
    }
}

/// Nothing of the credentials.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry(..)")
    }
}

struct Words<'a> {
    rest: &'a [u8],
    line: usize,
}

struct Word {
    text: Vec<u8>,
    /// Where it begins.
    line: usize,
    /// It begins with a `#` that is neither quoted nor escaped.
    is_comment: bool,
}

impl Words<'_> {
    /// The next word; `None` at the end.
    fn next(&mut self) -> Result<Option<Word>, Problem> {
        let first = loop {
            match self.byte() {
                None => return Ok(None),
                Some(byte) if is_blank(byte) => {}
                Some(byte) => break byte,
            }
        };
        let mut word = Word {
            text: Vec::new(),
            line: self.line,
            is_comment: first == b'#',
        };
        let is_quoted = first == b'"';
        let mut next = if is_quoted { self.byte() } else { Some(first) };
        while let Some(byte) = next {
            match byte {
                b'"' if is_quoted => return Ok(Some(word)),
                b'\\' => word.text.extend(self.byte()),
                byte => word.text.push(byte),
            }
            // The blank after a word stays: it may be the end of the line.
            if !is_quoted && self.rest.first().is_none_or(|&byte| is_blank(byte)) {
                return Ok(Some(word));
            }
            next = self.byte();
        }
        if is_quoted {
            return Err(Problem {
                line: word.line,
                message: "a quote that does not end",
            });
        }
        Ok(Some(word))
    }

    /// The word after a keyword, whatever it looks like.
    fn value(&mut self, line: usize, message: &'static str) -> Result<Vec<u8>, Problem> {
        match self.next()? {
            Some(word) => Ok(word.text),
            None => Err(Problem { line, message }),
        }
    }

    /// To the end of the line on which a word began, unless its end is passed already.
    fn skip_line(&mut self, line: usize) {
        while self.line == line && self.byte().is_some() {}
    }

    /// To the end of this line, and to the next empty one.
    fn skip_macro(&mut self) {
        self.skip_line(self.line);
        loop {
            let line = self.line;
            let is_empty = self.rest.starts_with(b"\n") || self.rest.starts_with(b"\r\n");
            self.skip_line(line);
            if is_empty || self.rest.is_empty() {
                return;
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
