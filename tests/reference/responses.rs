//! The table of `tests/data/responses.txt`, read for the codec's own tests and for those over sockets.

/// One line of the table; its head says what the columns mean.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) upgrade: bool,
    pub(crate) strict_lines: bool,
    pub(crate) strict_framing: bool,
    pub(crate) most_body: Option<u64>,
    pub(crate) verdict: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fin: bool,
}

/// Every line; fewer than 320 are too few.
pub(crate) fn cases() -> Vec<Case> {
    let cases: Vec<Case> = include_str!("../data/responses.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(Case::parse)
        .collect();
    assert!(cases.len() >= 320, "{} cases", cases.len());
    cases
}

impl Case {
    fn parse(line: &'static str) -> Self {
        let columns: Vec<_> = line.split(" | ").collect();
        let [name, request, verdict, expected, bytes] = columns[..] else {
            panic!("five columns: {line}");
        };
        let mut words = request.split(' ');
        let (expected, body) = expected.split_once(" \"").unwrap_or((expected, "\""));
        let mut case = Self {
            name,
            method: words.next().unwrap(),
            upgrade: false,
            strict_lines: false,
            strict_framing: false,
            most_body: None,
            verdict,
            expected,
            body: unescape(body.strip_suffix('"').unwrap()),
            bytes: unescape(bytes.strip_suffix(r"\E").unwrap_or(bytes)),
            fin: bytes.ends_with(r"\E"),
        };
        for option in words {
            match option {
                "+upgrade" => case.upgrade = true,
                "+strict-lines" => case.strict_lines = true,
                "+strict-framing" => case.strict_framing = true,
                _ => {
                    let most = option.strip_prefix("+body=").unwrap();
                    case.most_body = Some(most.parse().unwrap());
                }
            }
        }
        case
    }
}

/// The escapes of the table's header.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => match rest.next().unwrap() {
                b'r' => out.push(b'\r'),
                b'n' => out.push(b'\n'),
                b't' => out.push(b'\t'),
                b'0' => out.push(0),
                b'\\' => out.push(b'\\'),
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    let digits = std::str::from_utf8(&digits).unwrap();
                    out.push(u8::from_str_radix(digits, 16).unwrap());
                }
                other => panic!("escape {other}"),
            },
            b'{' => {
                let inner: Vec<u8> = rest.by_ref().take_while(|&b| b != b'}').collect();
                let (count, text) = std::str::from_utf8(&inner)
                    .unwrap()
                    .split_once('*')
                    .unwrap();
                out.extend(unescape(text).repeat(count.parse().unwrap()));
            }
            _ => out.push(byte),
        }
    }
    out
}
