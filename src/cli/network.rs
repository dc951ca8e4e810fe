//! The client that the options describe: time limits, certificates, the way to the server.
//!
//! Owns the translation of options to the client's settings.

use papilio::{Client, ClientBuilder, Timeout};

use super::Failure;
use super::args::Args;

/// A client's settings, but for what concerns its output.
pub(crate) fn client(args: &Args) -> Result<ClientBuilder<Client>, Failure> {
    let mut builder = Client::builder()
        .timeout(Timeout::all(args.timeout))
        .follow_redirects(args.follow_redirects)
        .timings(args.timing)
        .verify(!args.no_verify);
    if let Some(path) = &args.cacert {
        builder = builder.verify(path.as_path());
    }
    builder = proxy(builder, args)?;
    builder = certificate(builder, args)?;
    builder = resolve(builder, args)?;
    builder = unix_socket(builder, args)?;
    builder = local_address(builder, args)?;
    http2(builder, args)
}

type Builder = Result<ClientBuilder<Client>, Failure>;

fn proxy(builder: ClientBuilder<Client>, args: &Args) -> Builder {
    missing(args.proxy.is_some(), "proxy", builder)
}

fn certificate(builder: ClientBuilder<Client>, args: &Args) -> Builder {
    missing(args.cert.is_some(), "cert", builder)
}

fn resolve(builder: ClientBuilder<Client>, args: &Args) -> Builder {
    missing(!args.resolve.is_empty(), "resolve", builder)
}

fn unix_socket(builder: ClientBuilder<Client>, args: &Args) -> Builder {
    missing(args.unix_socket.is_some(), "unix-socket", builder)
}

fn local_address(builder: ClientBuilder<Client>, args: &Args) -> Builder {
    missing(args.local_address.is_some(), "local-address", builder)
}

fn http2(builder: ClientBuilder<Client>, args: &Args) -> Builder {
    missing(args.http2, "http2", builder)
}

/// What the library cannot do yet is refused.
fn missing(is_asked: bool, option: &str, builder: ClientBuilder<Client>) -> Builder {
    if is_asked {
        let message = format!("--{option} does not work yet");
        return Err(Failure::Usage(message));
    }
    Ok(builder)
}
