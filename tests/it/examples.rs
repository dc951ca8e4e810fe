//! The examples do what they say: each is run as a program, most of them with a server of their own inside.
//!
//! `mock_test` is not here: it is tests, and runs with all others.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::str;
use std::sync::LazyLock;

use super::server::Server;

#[test]
fn get() {
    let server = Server::always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let output = run("get", &[&server.url("/")]);
    assert!(output.starts_with("HTTP/1.1 200 OK\n"), "{output}");
    assert!(output.contains("5 bytes in "), "{output}");
}

#[test]
#[cfg(feature = "json")]
fn json_api() {
    assert_eq!(
        run("json_api", &[]),
        "found: [Note { id: Some(1), text: \"All about the moth\" }]\n\
         added: Note { id: Some(2), text: \"Moths like light\" }\n\
         refused: a note needs text\n"
    );
}

#[test]
fn download() {
    let output = run("download", &[]);
    let expected = "300000 bytes written, 300000 received, in ";
    assert!(output.starts_with(expected), "{output}");
}

#[test]
fn download_from_a_server() {
    let server = Server::always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("example-download-{}", std::process::id()));
    let output = run("download", &[&server.url("/"), path.to_str().unwrap()]);
    assert!(
        output.starts_with("5 bytes written, 5 received"),
        "{output}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    std::fs::remove_file(path).unwrap();
}

#[test]
#[cfg(feature = "multipart")]
fn upload() {
    assert_eq!(
        run("upload", &[]),
        "201 Created name=\"title\"\n\
         name=\"document\"; filename=\"LICENSE-MIT\"\n\
         name=\"note\"; filename=\"note.json\"\n"
    );
}

#[test]
fn retry_transport() {
    assert_eq!(
        run("retry_transport", &[]),
        "503 Service Unavailable, retry 1 in 0ns\n\
         502 Bad Gateway, retry 2 in 0ns\n\
         200 OK at last\n"
    );
}

#[test]
fn cookies() {
    let output = run("cookies", &[]);
    let (log, file) = output.split_once("# ").unwrap();
    assert_eq!(
        log,
        "the server got: no cookie\nthe server got: theme=dark\n"
    );
    let line = file.lines().last().unwrap();
    assert!(line.starts_with("#HttpOnly_www.example.org\tFALSE\t/\tTRUE\t"));
    assert!(line.ends_with("\ttheme\tdark"));
}

#[test]
#[cfg(feature = "async")]
fn async_many() {
    let output = run("async_many", &[]);
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines[0], "http://server/0: 0 bytes");
    assert_eq!(lines[1], "http://server/20: 20 bytes");
    assert_eq!(lines[3], "http://server/60: 60 bytes");
    assert!(
        lines[4].starts_with("http://server/404: Client error"),
        "{output}"
    );
    let server = Server::always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let urls: Vec<_> = (0..20).map(|n| server.url(&format!("/{n}"))).collect();
    let output = run(
        "async_many",
        &urls.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    assert_eq!(output.matches(": 5 bytes").count(), 20, "{output}");
    assert!(server.most_open() <= 8);
}

#[test]
#[cfg(feature = "charset")]
fn detect_charset() {
    assert_eq!(
        run("detect_charset", &[]),
        "windows-1251: Бабочки летают над лугом\n"
    );
}

#[test]
#[cfg(all(feature = "tower", feature = "json"))]
fn axum_app() {
    assert_eq!(
        run("axum_app", &[]),
        "201 Created\n\
         http://testserver/notes [\"buy tea, says 192.0.2.7\"]\n\
         event 1\nevent 2\nevent 3\n\
         404 Not Found\n"
    );
}

#[test]
#[cfg(feature = "async")]
fn server_to_server() {
    assert_eq!(run("server_to_server", &[]), "200 OK PAPILIO MACHAON\n");
}

#[test]
fn digest() {
    assert_eq!(
        run("digest", &[]),
        "200 OK after 1 challenges\n200 OK after 0 challenges\n"
    );
}

#[test]
fn logging() {
    let output = output("logging", &[]);
    assert_eq!(
        str::from_utf8(&output.stdout).unwrap(),
        "requests.1.log, requests.2.log, requests.3.log, requests.log\n\
         papilio: lines\n\
         papilio::http11: lines\n\
         papilio::connection: no lines\n"
    );
    // Of hundreds of lines only the warning goes to the console.
    let console = str::from_utf8(&output.stderr).unwrap();
    assert_eq!(console.lines().count(), 1, "{console}");
    assert!(console.starts_with("WARN [2"), "{console}");
    let end = "] logging - 13 is said to be unlucky: 200 OK\n";
    assert!(console.ends_with(end), "{console}");
}

#[test]
fn token_refresh() {
    assert_eq!(
        run("token_refresh", &[]),
        "/items/1: 200 OK after 1 answers on the way\n\
         /items/2: 200 OK after 0 answers on the way\n\
         /items/3: 200 OK after 2 answers on the way\n\
         /items/4: 200 OK after 0 answers on the way\n\
         /items/5: 200 OK after 2 answers on the way\n\
         3 tokens were fetched\n"
    );
}

#[test]
fn crawler() {
    assert_eq!(
        run("crawler", &[]),
        "/: 3 links\n\
         /away: leads elsewhere, to 169.254.169.254\n\
         /large: too large\n\
         /logo.png: 200 image/png\n\
         /moths: 3 links\n"
    );
}

/// What the example prints on standard output.
#[track_caller]
fn run(name: &str, arguments: &[&str]) -> String {
    String::from_utf8(output(name, arguments).stdout).unwrap()
}

#[track_caller]
fn output(name: &str, arguments: &[&str]) -> Output {
    let path = FOLDER
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    let output = Command::new(path).args(arguments).output().unwrap();
    let errors = str::from_utf8(&output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    output
}

/// Where cargo puts the examples. `cargo test` builds them; `cargo test --test it` does not, and they are built here.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = std::env::current_exe().unwrap();
    let profile = program.ancestors().nth(2).unwrap();
    let folder = profile.join("examples");
    let is_there = |name: &str| {
        let program = folder.join(name);
        program
            .with_extension(std::env::consts::EXE_EXTENSION)
            .exists()
    };
    if !is_there("get") || (cfg!(feature = "async") && !is_there("async_many")) {
        let name = match profile.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let features = [
            (cfg!(feature = "async"), "async"),
            (cfg!(feature = "tower"), "tower"),
            (cfg!(feature = "tls"), "tls"),
            (cfg!(feature = "gzip"), "gzip"),
            (cfg!(feature = "brotli"), "brotli"),
            (cfg!(feature = "zstd"), "zstd"),
            (cfg!(feature = "json"), "json"),
            (cfg!(feature = "charset"), "charset"),
            (cfg!(feature = "public-suffix"), "public-suffix"),
            (cfg!(feature = "multipart"), "multipart"),
            (cfg!(feature = "env_logger"), "env_logger"),
            (cfg!(feature = "log-kv"), "log-kv"),
            (cfg!(feature = "async"), "async"),
            (cfg!(feature = "cli"), "cli"),
        ];
        let features = features.iter().filter(|(on, _)| *on);
        let features: Vec<_> = features.map(|(_, feature)| *feature).collect();
        let status = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--offline", "--examples", "--profile"])
            .args([name, "--no-default-features", "--features"])
            .arg(features.join(","))
            .arg("--target-dir")
            .arg(profile.parent().unwrap())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(status.success(), "the examples cannot be built");
    }
    folder
});
