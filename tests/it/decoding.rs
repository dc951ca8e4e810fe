//! Content codings undone: which, in what order, and what becomes of broken, cut and hostile content.
#[cfg(feature = "gzip")]
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
