//! What the command says of itself: completions and the manual page.

use super::process::papilio;

/// Every shell's completions know every option.
#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = papilio(["--completions", shell]).run();
        ran.is(0, &ran.stdout, "");
        for option in ["follow-redirects", "download", "session", "retry-any"] {
            assert!(ran.text().contains(option), "{shell}: {option}");
        }
    }
    let ran = papilio(["--completions", "cmd"]).run();
    ran.is_usage_error("invalid value 'cmd' for '--completions <SHELL>'");
}

/// bash takes the completions as they are, and completes an option with them.
#[cfg(target_os = "linux")]
#[test]
fn completions_complete() {
    use super::process::shell;

    let script = r#"bash -c 'eval "$("$0" --completions bash)"; COMP_WORDS=(papilio --follow); COMP_CWORD=1;
        _papilio papilio --follow papilio; echo "${COMPREPLY[@]}"' "$0""#;
    let ran = shell(script, "").run();
    ran.is(0, "--follow-redirects\n", "");
}

#[test]
fn manual_page() {
    let ran = papilio(["--man"]).run();
    ran.is(0, &ran.stdout, "");
    let page = ran.text();
    for part in [
        ".TH papilio 1",
        ".SH NAME",
        ".SH SYNOPSIS",
        "follow\\-redirects",
        "retry\\-any",
    ] {
        assert!(page.contains(part), "{part}");
    }
    papilio(["--man", "http://a.test"])
        .run()
        .is_usage_error("the argument '--man' cannot be used with");
}
