//! Tests of netrc files: grammar, lookup, access.

use super::*;
use base64::Engine;

fn parse(text: &str) -> Netrc {
    Netrc::parse(text.as_bytes()).unwrap()
}

fn lookup(text: &str, url: &str) -> Option<(String, String)> {
    let hosts = Hosts::new(parse(text));
    let entry = hosts.entry(&Url::parse(url).unwrap())?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Some((text(&entry.login), text(&entry.password)))
}

fn pair(login: &str, password: &str) -> Option<(String, String)> {
    Some((login.to_owned(), password.to_owned()))
}

/// A file that is gone with the value.
struct Temporary(std::path::PathBuf);

impl Temporary {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("papilio-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// AUT-14
#[test]
fn the_grammar_is_read() {
    let cases = [
        ("machine h login a password b", "a", "b"),
        (
            "machine\th\n\tuser a\r\n account x\tpassword\nb\n",
            "a",
            "b",
        ),
        ("machine h password b login a", "a", "b"),
        (
            "machine h login \"a b\" password \"c\\\"d\\\\e\n\"",
            "a b",
            "c\"d\\e\n",
        ),
        ("machine h login a\\ b password c\\\"d", "a b", "c\"d"),
        (
            "# machine h login x\n#\nmachine h # login x\nlogin a password #b#c",
            "a",
            "#b#c",
        ),
        ("machine h login a#b password b", "a#b", "b"),
        ("machine h login a password \"\" password b", "a", "b"),
        (
            "machine h login x password x\nmachine g password g\nmachine h login a password b",
            "a",
            "b",
        ),
        (
            "macdef m\nmachine h login x password x\ncd /\n\nmachine h login a password b",
            "a",
            "b",
        ),
        (
            "macdef m\r\ncd /\r\n\r\nmachine h login a password b",
            "a",
            "b",
        ),
        (
            "macdef m\n\nmachine h login a password b\nmacdef n\nlast",
            "a",
            "b",
        ),
        (
            "machine h login machine password default",
            "machine",
            "default",
        ),
        ("machine \"h\" login a password b", "a", "b"),
        ("machine h login é password ü", "é", "ü"),
    ];
    for (text, login, password) in cases {
        assert_eq!(lookup(text, "http://h/"), pair(login, password), "{text:?}");
    }
    assert_eq!(lookup("", "http://h/"), None);
}

/// The line, and not a word of the file.
#[test]
fn problems_are_found_on_their_line() {
    let cases = [
        ("hidden", 1),
        ("\n\nlogin hidden", 3),
        ("machine h\nlogin hidden\n\npassword x hidden\n", 4),
        ("machine", 1),
        ("machine h\npassword", 2),
        ("machine h login \"hidden\n", 1),
        ("macdef\n", 1),
        ("macdef m\na\n\nlogin hidden", 4),
    ];
    for (text, line) in cases {
        let problem = Netrc::parse(text.as_bytes()).unwrap_err();
        assert_eq!(problem.line, line, "{text:?}: {}", problem.message);
        assert!(!problem.message.contains("hidden"));
        let file = Temporary::new("problem", text);
        let error = NetrcAuth::from_file(&file.0).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        let place = format!("{}, line {line}: ", file.0.display());
        assert!(error.to_string().starts_with(&place), "{error}");
        assert!(!format!("{error:?}").contains("hidden"));
    }
    let error = NetrcAuth::from_file("no/such/file").unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(error.to_string(), "cannot read no/such/file");
}

/// AUT-13: the host after IDNA.
#[test]
fn a_host_gets_its_own_entry() {
    let text = "machine Example.ORG login a password 1\nmachine MÜLLER.de password 2\nmachine ::1 login c password 3\n\
                machine empty.org login d\nmachine example.net:81 login x password x\nmachine u@h login x password x";
    let cases = [
        ("http://example.org/", pair("a", "1")),
        ("https://EXAMPLE.org:8443/x", pair("a", "1")),
        ("http://www.example.org/", None),
        ("http://ample.org/", None),
        ("http://xn--mller-kva.de/", pair("", "2")),
        ("http://[0:0::1]:80/", pair("c", "3")),
        ("http://empty.org/", None),
        ("http://example.net:81/", None),
        ("http://h/", None),
    ];
    for (url, expected) in cases {
        assert_eq!(lookup(text, url), expected, "{url}");
    }
    let text = format!("default login z password 0\n{text}");
    assert_eq!(lookup(&text, "http://other/"), pair("z", "0"));
    assert_eq!(lookup(&text, "http://example.org/"), pair("a", "1"));
    assert_eq!(lookup(&text, "http://empty.org/"), None);
}

/// AUT-03, AUT-13: user name and password in the URL win.
#[test]
fn the_request_gets_the_entry() {
    let file = Temporary::new("request", "machine h login a password b\n");
    let auth = NetrcAuth::from_file(&file.0).unwrap();
    let sent = |url: &str| {
        let mut request = Request::new("GET", url).unwrap();
        request.headers.append("Authorization", "mine").unwrap();
        auth.flow().next(&mut request, None).unwrap();
        request.headers.get("Authorization").unwrap().into_owned()
    };
    let basic = |text: &str| {
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        format!("Basic {text}")
    };
    assert_eq!(sent("http://h/"), basic("a:b"));
    assert_eq!(sent("http://other/"), "mine");
    assert_eq!(sent("http://x:y%40@h/"), basic("x:y@"));
    assert_eq!(format!("{auth:?}"), "NetrcAuth(1 machines)");
}

/// AUT-15
#[cfg(unix)]
#[test]
fn a_default_file_with_a_password_is_private() {
    use std::os::unix::fs::PermissionsExt;

    let file = Temporary::new("private", "machine h login a password hidden");
    let allow = |mode| std::fs::set_permissions(&file.0, PermissionsExt::from_mode(mode)).unwrap();
    allow(0o600);
    NetrcAuth::read(&file.0, true).unwrap();
    for mode in [0o640, 0o604, 0o610, 0o644] {
        allow(mode);
        let error = NetrcAuth::read(&file.0, true).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.to_string().contains("holds a password"), "{error}");
        assert!(!error.to_string().contains("hidden"));
        NetrcAuth::from_file(&file.0).unwrap();
    }
    for text in [
        "machine h login a",
        "default login anonymous password mail@h",
    ] {
        std::fs::write(&file.0, text).unwrap();
        NetrcAuth::read(&file.0, true).unwrap();
    }
}

#[test]
fn a_file_that_never_ends_is_refused() {
    let text = "#".repeat((1 << 20) + 1);
    let file = Temporary::new("long", &text);
    let error = NetrcAuth::from_file(&file.0).unwrap_err();
    assert!(error.to_string().ends_with("is longer than 1 MiB"));
    std::fs::write(&file.0, &text[1..]).unwrap();
    NetrcAuth::from_file(&file.0).unwrap();
}

/// AUT-12: the home directory is another process's, for it cannot be changed here.
#[cfg(unix)]
#[test]
fn the_default_file_is_in_the_home_directory() {
    use std::os::unix::fs::PermissionsExt;

    let home = std::env::temp_dir().join(format!("papilio-{}-home", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    let netrc = home.join(".netrc");
    let try_new = || {
        let test = "flow::auth::netrc::tests::the_home_directory_s_file";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env("HOME", &home)
            .env("NETRC", "/no/such/file")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let missing = try_new();
    assert!(
        missing.contains(&format!("cannot read {}", netrc.display())),
        "{missing}"
    );
    std::fs::write(&netrc, "machine h login a password b").unwrap();
    let allow = |mode| std::fs::set_permissions(&netrc, PermissionsExt::from_mode(mode)).unwrap();
    allow(0o600);
    let found = try_new();
    assert!(found.contains("sends Some(\"Basic YTpi\")"), "{found}");
    allow(0o604);
    let open = try_new();
    assert!(open.contains("can be accessed by others"), "{open}");
    std::fs::remove_dir_all(&home).unwrap();
}

#[test]
#[ignore = "run by the test above, with a home directory of its own"]
fn the_home_directory_s_file() {
    match NetrcAuth::new() {
        Ok(auth) => {
            let mut request = Request::new("GET", "http://h/").unwrap();
            auth.flow().next(&mut request, None).unwrap();
            println!("sends {:?}", request.headers.get("Authorization"));
        }
        Err(error) => println!("{error}"),
    }
}
