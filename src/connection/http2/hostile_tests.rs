//! What servers do that they must not, or may and nobody likes.

use super::raw_tests::*;
use super::*;
use crate::models::request::Request;

/// What the client makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The request fails, the connection stays: RST_STREAM of this code.
    Stream(u32),
    /// The connection is closed: GOAWAY of this code.
    Connection(u32),
    /// It is passed over: the next request works.
    Nothing,
    /// The connection is closed without a word.
    Silent,
}

const RESET: &[Verdict] = &[Verdict::Stream(PROTOCOL)];
const ENDED: &[Verdict] = &[Verdict::Connection(PROTOCOL)];

const PROTOCOL: u32 = 1;
const FLOW: u32 = 3;
const FRAME_SIZE: u32 = 6;
const COMPRESSION: u32 = 9;
const CALM: u32 = 11;

/// Answers the first request with these bytes, and says what the client did.
async fn judge(bytes: Vec<u8>) -> Verdict {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let mut raw = Raw::accept(&listener).await;
        raw.request().await;
        raw.send(&bytes).await;
        while let Some(frame) = raw.next().await {
            let verdict = match frame.kind {
                RST_STREAM => Verdict::Stream(frame.code()),
                GOAWAY => return Verdict::Connection(frame.code()),
                HEADERS => Verdict::Nothing,
                _ => continue,
            };
            // The connection lives on.
            let next = match frame.kind {
                HEADERS => frame.stream,
                _ => raw.wait_for(HEADERS).await.unwrap().stream,
            };
            raw.answer(next).await;
            while raw.next().await.is_some() {}
            return verdict;
        }
        Verdict::Silent
    });
    let connection = connect(address).await;
    let first = exchange(&connection).await;
    let second = exchange(&connection).await;
    drop(connection);
    let verdict = within(server).await.unwrap();
    let reason = first.as_ref().err().and_then(Error::reason);
    let verdict = match (verdict, reason) {
        // A stream that both sides have ended is not reset.
        (Verdict::Nothing, Some(Reason::Http2(code))) => Verdict::Stream(code),
        _ => verdict,
    };
    let (code, lives) = match verdict {
        Verdict::Stream(code) => (Some(code), true),
        Verdict::Connection(code) => (Some(code), false),
        Verdict::Nothing | Verdict::Silent => (None, true),
    };
    assert_eq!(reason, code.map(Reason::Http2), "{verdict:?}");
    assert_eq!(second.is_ok(), lives, "{verdict:?}");
    verdict
}

/// Judges them all; what was not expected is listed.
async fn judge_all(cases: Vec<(&'static str, Vec<u8>, &'static [Verdict])>) {
    let mut wrong = Vec::new();
    for (name, bytes, expected) in cases {
        match tokio::spawn(judge(bytes)).await {
            Ok(verdict) if expected.contains(&verdict) => {}
            Ok(verdict) => wrong.push(format!("{name}: {verdict:?}, not {expected:?}")),
            Err(panic) => wrong.push(format!("{name}: {panic}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn block(fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = OK.to_vec();
    for (name, value) in fields {
        block.extend(field(name, value));
    }
    block
}

fn head(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
}

fn together(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.concat()
}

/// R-H2-10, R-H2-14: malformed heads.
#[tokio::test]
async fn malformed_responses() {
    let length = |length: &[u8]| block(&[(b"content-length", length)]);
    let late = [field(b"x", b"1"), OK.to_vec()].concat();
    let cases: Vec<(_, _, &[_])> = vec![
        ("upper case", head(&block(&[(b"X-Upper", b"1")])), ENDED),
        ("blank in a name", head(&block(&[(b"a b", b"1")])), ENDED),
        ("CR in a value", head(&block(&[(b"a", b"1\r2")])), ENDED),
        ("LF in a value", head(&block(&[(b"a", b"1\n2")])), ENDED),
        ("NUL in a value", head(&block(&[(b"a", b"1\x002")])), ENDED),
        (
            "connection",
            head(&block(&[(b"connection", b"close")])),
            RESET,
        ),
        (
            "chunked",
            head(&block(&[(b"transfer-encoding", b"chunked")])),
            RESET,
        ),
        ("keep-alive", head(&block(&[(b"keep-alive", b"1")])), RESET),
        ("no status", head(&field(b"a", b"1")), RESET),
        ("two of it", head(&[OK, OK].concat()), RESET),
        ("late pseudo-field", head(&late), RESET),
        (
            "field of a request",
            head(&block(&[(b":path", b"/")])),
            &[Verdict::Nothing],
        ),
        ("length of no number", head(&length(b"abc")), RESET),
        ("length without body", head(&length(b"5")), RESET),
    ];
    judge_all(cases).await;
}

/// R-H2-10: lengths that do not fit, and frames where they have no place.
#[tokio::test]
async fn misplaced_frames() {
    let open = || frame(HEADERS, END_HEADERS, 1, OK);
    let length = |length: &[u8]| block(&[(b"content-length", length)]);
    let data = |flags, bytes: &[u8]| frame(DATA, flags, 1, bytes);
    let cases: Vec<(_, _, &[_])> = vec![
        (
            "too little",
            together(&[
                frame(HEADERS, END_HEADERS, 1, &length(b"5")),
                data(END_STREAM, b"1234"),
            ]),
            RESET,
        ),
        (
            "too much",
            together(&[
                frame(HEADERS, END_HEADERS, 1, &length(b"3")),
                data(END_STREAM, b"1234"),
            ]),
            RESET,
        ),
        ("body before the head", data(0, b"1"), ENDED),
        (
            "trailers without an end",
            together(&[open(), frame(HEADERS, END_HEADERS, 1, &field(b"a", b"1"))]),
            RESET,
        ),
        (
            "head on a stream that is idle",
            frame(HEADERS, END_HEADERS, 9, OK),
            ENDED,
        ),
        (
            "head on a stream of its own",
            frame(HEADERS, END_HEADERS, 2, OK),
            ENDED,
        ),
        ("body on stream 0", frame(DATA, 0, 0, b"1"), ENDED),
        (
            "no frame of CONTINUATION",
            frame(CONTINUATION, END_HEADERS, 1, OK),
            ENDED,
        ),
        (
            "another in between",
            together(&[frame(HEADERS, 0, 1, OK), frame(PING, 0, 0, &[0; 8])]),
            ENDED,
        ),
    ];
    judge_all(cases).await;
}

/// R-H2-02: header compression.
#[tokio::test]
async fn broken_compression() {
    // h2 says PROTOCOL_ERROR where COMPRESSION_ERROR is meant; either ends the connection.
    let ended: &[_] = &[
        Verdict::Connection(PROTOCOL),
        Verdict::Connection(COMPRESSION),
    ];
    let huge = [&[0x7F_u8][..], &[0xFF; 12]].concat();
    let cases = vec![
        ("index out of range", vec![0xFF, 0xFF, 0x7F], ended),
        ("index 0", vec![0x80], ended),
        ("huge number", huge, ended),
        (
            "padding of Huffman",
            vec![0x88, 0x00, 0x81, 0x00, 0x01, b'a'],
            ended,
        ),
        (
            "table above the setting",
            vec![0x3F, 0xE2, 0xFF, 0x03, 0x88],
            ended,
        ),
        ("ends in a field", vec![0x88, 0x00, 0x05, b'a'], ended),
    ];
    let cases = cases
        .into_iter()
        .map(|(name, block, ended)| (name, head(&block), ended));
    judge_all(cases.collect()).await;
}

/// R-H2-01, R-H2-02: heads without an end, and small ones that become large.
#[tokio::test]
async fn bombs() {
    // One entry of 4,000 bytes in the table, and then its index, one byte each.
    let mut bomb = OK.to_vec();
    bomb.extend([0x40, 0x01, b'a', 0x7F, 0xA1, 0x1E]);
    bomb.extend(vec![b'x'; 4000]);
    bomb.extend(vec![0xBE; 30]);
    let mut large = bomb.clone();
    large.extend(vec![0xBE; 10_000]);
    let mut flood = frame(HEADERS, 0, 1, OK);
    for _ in 0..100 {
        let fields = field(b"a", &[b'x'; 100]).repeat(100);
        flood.extend(frame(CONTINUATION, 0, 1, &fields));
    }
    let mut empty = frame(HEADERS, 0, 1, OK);
    for _ in 0..1000 {
        empty.extend(frame(CONTINUATION, 0, 1, &[]));
    }
    let calm: &[_] = &[Verdict::Connection(CALM)];
    judge_all(vec![
        ("bomb", head(&bomb), RESET),
        ("large bomb", head(&large), calm),
        ("continuation", flood, calm),
        ("empty continuation", empty, calm),
    ])
    .await;
}

/// R-H2-04, R-H2-05, R-H2-08: settings, pushes and windows.
#[tokio::test]
async fn connection_errors() {
    use Verdict::Connection;
    let update = |stream, by: u32| frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes());
    let promise = [&2_u32.to_be_bytes()[..], &[0x82, 0x84, 0x86]].concat();
    let size: &[_] = &[Connection(FRAME_SIZE), Connection(PROTOCOL)];
    let protocol: &[_] = &[Connection(PROTOCOL)];
    judge_all(vec![
        ("small frames", settings(&[(5, 16_383)]), protocol),
        ("large frames", settings(&[(5, 1 << 24)]), protocol),
        (
            "large window",
            settings(&[(4, 1 << 31)]),
            &[Connection(FLOW), Connection(PROTOCOL)],
        ),
        ("push of 2", settings(&[(2, 2)]), protocol),
        ("cut settings", frame(SETTINGS, 0, 0, &[0; 5]), size),
        ("settings on a stream", frame(SETTINGS, 0, 1, &[]), protocol),
        (
            "promise",
            frame(PUSH_PROMISE, END_HEADERS, 1, &promise),
            protocol,
        ),
        (
            "window of the connection",
            update(0, (1 << 31) - 1),
            &[Connection(FLOW)],
        ),
        ("window by 0", update(0, 0), protocol),
        ("ping of 7 bytes", frame(PING, 0, 0, &[0; 7]), size),
        (
            "frame above the setting",
            frame(DATA, 0, 1, &[0; 16_385]),
            size,
        ),
        ("reset of an idle stream", reset(9, 0), protocol),
    ])
    .await;
}

/// R-H2-03: frames without number that move nothing.
#[tokio::test]
async fn floods() {
    let empty = || {
        let open = frame(HEADERS, END_HEADERS, 1, OK);
        [open, frame(DATA, 0, 1, &[]).repeat(20_000)].concat()
    };
    let by_one = frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes());
    let cases = [
        ("settings", settings(&[]).repeat(12_000)),
        ("pings", frame(PING, 0, 0, &[0; 8]).repeat(12_000)),
        ("windows", by_one.repeat(12_000)),
        ("priorities", frame(PRIORITY, 0, 1, &[0; 5]).repeat(12_000)),
        ("unknown", frame(0x42, 0, 0, &[1]).repeat(12_000)),
        ("empty", empty()),
    ];
    for (name, bytes) in cases {
        let (listener, address) = listen().await;
        let server = tokio::spawn(async move {
            let mut raw = Raw::accept(&listener).await;
            raw.request().await;
            let (mut reader, mut writer) = raw.stream.into_split();
            let flood = tokio::spawn(async move {
                let _ = tokio::io::AsyncWriteExt::write_all(&mut writer, &bytes).await;
                writer
            });
            let mut said = Vec::new();
            let _ = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut said).await;
            drop(flood.await);
            said
        });
        let connection = connect(address).await;
        let error = exchange(&connection).await.err().unwrap();
        assert_eq!(error.kind(), Kind::RemoteProtocol, "{name}");
        assert_eq!(error.reason(), Some(Reason::Http2(CALM)), "{name}: {error}");
        assert!(!connection.is_open());
        drop(connection);
        let said = within(server).await.unwrap();
        // Answers are sent one by one, never piled up.
        assert!(said.len() < 17 * 12_000 + 1000, "{name}: {}", said.len());
    }
}

/// Interim responses: passed over (H2-07), up to a limit; 101 is not one of HTTP/2 (H2-14).
#[tokio::test]
async fn interim_responses() {
    let (listener, address) = listen().await;
    let interim = |stream, status: &[u8]| {
        let block = [field(b":status", status), field(b"link", b"</a>")].concat();
        frame(HEADERS, END_HEADERS, stream, &block)
    };
    tokio::spawn(async move {
        let mut raw = Raw::accept(&listener).await;
        let first = raw.request().await;
        raw.send(&interim(first, b"100")).await;
        raw.send(&interim(first, b"103").repeat(3)).await;
        raw.answer(first).await;
        let second = raw.wait_for(HEADERS).await.unwrap().stream;
        raw.send(&interim(second, b"103").repeat(33)).await;
        let third = raw.wait_for(HEADERS).await.unwrap().stream;
        raw.send(&interim(third, b"101")).await;
        let fourth = raw.wait_for(HEADERS).await.unwrap().stream;
        raw.answer(fourth).await;
        while raw.next().await.is_some() {}
    });
    let connection = connect(address).await;
    let answer = exchange(&connection).await.unwrap();
    assert_eq!((answer.status, answer.headers.len()), (200, 0));
    let error = exchange(&connection).await.err().unwrap();
    assert_eq!(error.reason(), Some(Reason::TooManyInterim));
    let error = exchange(&connection).await.err().unwrap();
    assert_eq!(error.kind(), Kind::RemoteProtocol);
    assert_eq!(error.reason(), Some(Reason::UnexpectedUpgrade));
    assert_eq!(exchange(&connection).await.unwrap().status, 200);
}

/// R-H2-08: a window that stays at 0, and one byte at a time.
#[tokio::test]
async fn a_window_of_nothing() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let mut raw = Raw::accept(&listener).await;
        raw.send(&settings(&[(4, 0)])).await;
        let id = raw.wait_for(HEADERS).await.unwrap().stream;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let by_one = frame(WINDOW_UPDATE, 0, id, &1_u32.to_be_bytes());
        let mut sizes = Vec::new();
        for _ in 0..5 {
            raw.send(&by_one).await;
            sizes.push(raw.wait_for(DATA).await.unwrap().payload.len());
        }
        let end = raw.wait_for(DATA).await.unwrap();
        assert_eq!((end.flags, end.payload.len()), (END_STREAM, 0));
        raw.answer(id).await;
        while raw.next().await.is_some() {}
        sizes
    });
    let connection = connect(address).await;
    within(async {
        while connection.streams() > 0 || !connection.has_room() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // So that the settings are there.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let request = Request::new("POST", "http://example.org/")
        .unwrap()
        .with_body("hello");
    let mut stream = start(&connection, &request).await.unwrap();
    let mut body = Bytes::from_static(b"hello");
    let stalled = tokio::time::timeout(Duration::from_millis(50), stream.send(&mut body)).await;
    assert!(
        stalled.is_err(),
        "the driver's write timeout would end this"
    );
    while !body.is_empty() {
        within(stream.send(&mut body)).await.unwrap();
    }
    stream.finish(None).unwrap();
    assert_eq!(finish(&mut stream).await.unwrap().status, 200);
    drop((stream, connection));
    assert_eq!(within(server).await.unwrap(), [1; 5]);
}

/// R-H2-08: the window of a stream beyond its limit.
#[tokio::test]
async fn a_window_too_large() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let mut raw = Raw::accept(&listener).await;
        let id = raw.request().await;
        let most = ((1_u32 << 31) - 1).to_be_bytes();
        raw.send(&frame(WINDOW_UPDATE, 0, id, &most)).await;
        raw.wait_for(RST_STREAM).await.unwrap().code()
    });
    let connection = connect(address).await;
    let request = Request::new("POST", "http://example.org/").unwrap();
    let mut stream = start(&connection, &request.with_body("hello"))
        .await
        .unwrap();
    let error = finish(&mut stream).await.err().unwrap();
    assert_eq!(error.reason(), Some(Reason::Http2(FLOW)));
    assert!(!stream.is_unprocessed());
    assert_eq!(within(server).await.unwrap(), FLOW);
    assert!(connection.can_take_more());
}
