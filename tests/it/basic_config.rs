//! `logging::basic_config`: each test in a process of its own, for only the first logger of a process counts.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use log::{Log, Metadata};
use papilio::Kind;
use papilio::logging::{LevelFilter, Record, basic_config};

use crate::alone::{alone, said_alone};
use crate::common::client;
use crate::server::{Server, ok};

/// A file of this process, which is not there yet.
fn file(name: &str) -> PathBuf {
    let path = env::temp_dir().join(format!("papilio-{name}-{}.log", std::process::id()));
    drop(fs::remove_file(&path));
    path
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    text.lines().map(str::to_owned).collect()
}

fn done(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// `LEVEL [time] target - message`: everything but the time, which has its form.
#[track_caller]
fn without_time(line: &str) -> String {
    let (before, rest) = line.split_once('[').unwrap();
    let (time, after) = rest.split_once(']').unwrap();
    let digits: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(digits, "0000-00-00 00:00:00", "{line}");
    format!("{before}[]{after}")
}

fn get() -> String {
    let server = Server::always(ok("x"));
    let url = server.url("/");
    client().get(&url).send().unwrap();
    url
}

#[test]
fn lines_of_the_form_of_httpx_on_standard_error() {
    let name = "basic_config::lines_of_the_form_of_httpx_on_standard_error";
    let Some(output) = said_alone(name, &[]) else {
        assert!(basic_config().level(LevelFilter::Info).init().unwrap());
        get();
        log::debug!("not asked for");
        return;
    };
    let text = String::from_utf8(output.stderr).unwrap();
    let line = text.lines().next().unwrap();
    let line = without_time(line);
    let (begin, end) = line.split_once("127.0.0.1").unwrap();
    assert_eq!(begin, "INFO [] papilio - HTTP Request: GET http://");
    assert!(end.ends_with(r#"/ "HTTP/1.1 200 OK""#), "{line}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn standard_output() {
    let Some(output) = said_alone("basic_config::standard_output", &[]) else {
        basic_config()
            .stdout()
            .template("<{message}>")
            .init()
            .unwrap();
        log::warn!("a warning");
        log::info!("not by default");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("<a warning>\n") && !text.contains("default"),
        "{text}"
    );
    assert_eq!(output.stderr, b"");
}

#[test]
fn a_level_for_each_target() {
    if !alone("basic_config::a_level_for_each_target", &[]) {
        return;
    }
    let path = file("targets");
    basic_config()
        .level(LevelFilter::Off)
        .target("papilio", LevelFilter::Debug)
        .target("papilio::connection", LevelFilter::Off)
        .file(&path)
        .template("{target}")
        .init()
        .unwrap();
    get();
    log::error!(target: "papilionoid", "");
    log::error!(target: "papilio::connection::deep", "");
    log::error!(target: "papilio::connections", "");
    let lines = lines(&path);
    assert!(lines.contains(&"papilio".to_owned()), "{lines:?}");
    assert!(lines.contains(&"papilio::http11".to_owned()), "{lines:?}");
    assert_eq!(lines.last().unwrap(), "papilio::connections");
    for other in [
        "papilionoid",
        "papilio::connection",
        "papilio::connection::deep",
    ] {
        assert!(!lines.contains(&other.to_owned()), "{lines:?}");
    }
    done(&path);
}

#[test]
fn only_the_first_call_counts() {
    if !alone("basic_config::only_the_first_call_counts", &[]) {
        return;
    }
    let (first, second) = (file("first"), file("second"));
    fs::write(&first, "from before\n").unwrap();
    fs::write(&second, "of somebody else\n").unwrap();
    // One that fails is none.
    let folder = env::temp_dir();
    let error = basic_config().file(&folder).init().unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    let path = folder.display();
    assert_eq!(
        error.to_string(),
        format!("the log file {path} cannot be opened")
    );
    assert!(std::error::Error::source(&error).is_some());
    assert!(basic_config().template("{").init().is_err());
    assert!(basic_config().date_format("%").init().is_err());
    assert_eq!(log::max_level(), LevelFilter::Off);

    // Of many at once exactly one.
    let counted: Vec<bool> = thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| basic_config().file(&first).template("{message}").init()))
            .collect();
        calls
            .into_iter()
            .map(|call| call.join().unwrap().unwrap())
            .collect()
    });
    assert_eq!(counted.iter().filter(|first| **first).count(), 1);
    let other = basic_config()
        .file(&second)
        .truncate(true)
        .level(LevelFilter::Trace);
    assert!(!other.init().unwrap());
    assert_eq!(log::max_level(), LevelFilter::Warn);
    log::warn!("new");
    assert_eq!(lines(&first), ["from before", "new"]);
    assert_eq!(lines(&second), ["of somebody else"]);
    done(&first);
    done(&second);
}

#[test]
fn a_logger_of_the_program_stays() {
    struct Silent;
    impl Log for Silent {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            false
        }
        fn log(&self, _: &Record<'_>) {}
        fn flush(&self) {}
    }

    if !alone("basic_config::a_logger_of_the_program_stays", &[]) {
        return;
    }
    log::set_logger(&Silent).unwrap();
    let path = file("foreign");
    fs::write(&path, "stays\n").unwrap();
    let config = basic_config()
        .file(&path)
        .truncate(true)
        .level(LevelFilter::Trace);
    assert!(!config.init().unwrap());
    assert_eq!(log::max_level(), LevelFilter::Off);
    assert_eq!(lines(&path), ["stays"]);
    done(&path);
}

#[test]
fn a_file_is_emptied_when_asked_for() {
    if !alone("basic_config::a_file_is_emptied_when_asked_for", &[]) {
        return;
    }
    let path = file("emptied");
    fs::write(&path, "much that was there before\n").unwrap();
    let config = basic_config().file(&path).truncate(true);
    config.template("{level} {message}").init().unwrap();
    log::error!("one");
    log::warn!("two");
    assert_eq!(lines(&path), ["ERROR one", "WARN two"]);
    done(&path);
}

#[test]
fn the_variable_is_on_top() {
    let rules = "warn,papilio::http11=debug,noisy=off,what=ever,a=b=c";
    if !alone(
        "basic_config::the_variable_is_on_top",
        &[("RUST_LOG", rules)],
    ) {
        return;
    }
    let path = file("variable");
    basic_config()
        .level(LevelFilter::Trace)
        .target("papilio", LevelFilter::Info)
        .target("papilio::http11", LevelFilter::Off)
        .target("noisy", LevelFilter::Info)
        .template("{target} {message}")
        .file(&path)
        .init()
        .unwrap();
    get();
    log::error!(target: "noisy", "");
    log::info!(target: "other", "");
    log::warn!(target: "other", "heard");
    let lines = lines(&path);
    let ignored = |rule| {
        format!("papilio RUST_LOG: {rule:?} is ignored: it is no level, target or target=level")
    };
    assert_eq!(lines[..2], [ignored("what=ever"), ignored("a=b=c")]);
    assert!(lines[2].starts_with("papilio::http11 http11.send_request_headers.started"));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("papilio HTTP Request: "))
    );
    let connection = |line: &String| line.starts_with("papilio::connection ");
    assert!(!lines.iter().any(connection), "{lines:#?}");
    assert_eq!(lines.last().unwrap(), "other heard");
    assert!(!lines.iter().any(|line| line.starts_with("noisy")));
    done(&path);
}

#[test]
fn the_variable_may_ask_for_a_text() {
    let name = "basic_config::the_variable_may_ask_for_a_text";
    if !alone(name, &[("RUST_LOG", "debug/headers.complete")]) {
        return;
    }
    let path = file("text");
    basic_config()
        .file(&path)
        .template("{message}")
        .init()
        .unwrap();
    get();
    let lines = lines(&path);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].starts_with("http11.send_request_headers.complete"));
    assert!(lines[1].starts_with("http11.receive_response_headers.complete"));
    done(&path);
}

#[test]
fn the_variable_may_be_left_alone() {
    if !alone(
        "basic_config::the_variable_may_be_left_alone",
        &[("RUST_LOG", "trace")],
    ) {
        return;
    }
    let path = file("alone");
    basic_config().file(&path).rust_log(false).init().unwrap();
    assert_eq!(log::max_level(), LevelFilter::Warn);
    get();
    assert!(lines(&path).is_empty());
    done(&path);
}

#[test]
fn a_function_writes_the_line() {
    // Five hours ahead of UTC, in the notation of POSIX.
    if !alone(
        "basic_config::a_function_writes_the_line",
        &[("TZ", "ABC-5")],
    ) {
        return;
    }
    let path = file("function");
    basic_config()
        .date_format("%z")
        .file(&path)
        .format(|line, record| {
            let time = line.time();
            write!(line, "{time} {} {}", record.target(), record.args())?;
            // One that cannot be written is left out.
            let fits = !record.args().to_string().contains("secret");
            fits.then_some(()).ok_or(std::fmt::Error)
        })
        .init()
        .unwrap();
    log::warn!(target: "a", "1");
    log::warn!(target: "a", "secret");
    log::warn!(target: "b", "2");
    assert_eq!(lines(&path), ["+0500 a 1", "+0500 b 2"]);
    done(&path);
}

#[test]
fn time_of_utc() {
    if !alone("basic_config::time_of_utc", &[("TZ", "ABC-5")]) {
        return;
    }
    let path = file("utc");
    let config = basic_config().date_format("%z").template("{time}").utc();
    config.file(&path).init().unwrap();
    log::warn!("");
    assert_eq!(lines(&path), ["+0000"]);
    done(&path);
}

/// LOG-08: pairs and lines alike.
#[test]
fn no_secrets() {
    if !alone("basic_config::no_secrets", &[]) {
        return;
    }
    let path = file("secrets");
    basic_config()
        .level(LevelFilter::Debug)
        .template("{level} {message} |{fields}")
        .file(&path)
        .init()
        .unwrap();
    let server =
        Server::always("HTTP/1.1 200 Fine\r\nSet-Cookie: s3cret=1\r\nContent-Length: 0\r\n\r\n");
    let url = server.url("/").replace("://", "://user:s3cret@");
    client()
        .get(&url)
        .header("Cookie", "s3cret")
        .send()
        .unwrap();
    let lines = lines(&path);
    assert!(lines.iter().any(|line| line.contains("user:[secure]@")));
    for line in &lines {
        assert!(!line.contains("s3cret"), "{line}");
        assert!(
            line.starts_with("DEBUG ") || line.starts_with("INFO "),
            "{line}"
        );
    }
    done(&path);
}

#[cfg(feature = "log-kv")]
#[test]
fn events_have_their_facts_as_pairs() {
    if !alone("basic_config::events_have_their_facts_as_pairs", &[]) {
        return;
    }
    let path = file("pairs");
    basic_config()
        .target("papilio", LevelFilter::Debug)
        .template("{fields}")
        .file(&path)
        .init()
        .unwrap();
    let url = get();
    let port = papilio::Url::parse(&url).unwrap().port().unwrap();
    let lines = lines(&path);
    let connect = "event=connection.connect_tcp phase=started";
    let first = lines.iter().find(|line| line.contains(connect)).unwrap();
    assert!(
        first.starts_with(&format!(" {connect} host=127.0.0.1 port={port} timeout=")),
        "{first}"
    );
    for line in [
        " event=http11.send_request_headers phase=started method=GET",
        " event=http11.send_request_headers phase=complete",
        " event=http11.receive_response_headers phase=complete version=HTTP/1.1 status=200",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line} in {lines:#?}");
    }
    done(&path);
}
