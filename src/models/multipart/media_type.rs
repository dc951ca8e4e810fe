//! Media types by file name.

/// The media type of the name's extension; `application/octet-stream` if it has none that is known.
pub(super) fn guess(file_name: &str) -> &'static str {
    known(file_name).unwrap_or("application/octet-stream")
}

fn known(file_name: &str) -> Option<&'static str> {
    let (stem, extension) = split(file_name)?;
    let is = |one: &str| extension.eq_ignore_ascii_case(one);
    // The archive inside names the type, as in Python.
    let is_tar = split(stem).is_some_and(|(_, inner)| inner.eq_ignore_ascii_case("tar"));
    if is_tar && COMPRESSED.iter().any(|one| is(one)) || TAR.iter().any(|one| is(one)) {
        return Some("application/x-tar");
    }
    // RFC 9239 section 6.
    if is("mjs") {
        return Some("text/javascript");
    }
    mime_guess::from_ext(extension).first_raw()
}

/// The name before its last dot, which must not be the first character, and the extension.
fn split(file_name: &str) -> Option<(&str, &str)> {
    file_name
        .rsplit_once('.')
        .filter(|(stem, _)| !stem.is_empty())
}

const COMPRESSED: [&str; 6] = ["gz", "bz2", "xz", "z", "br", "zst"];
const TAR: [&str; 5] = ["tgz", "taz", "tz", "tbz2", "txz"];
