//! The client that the options describe: time limits, certificates, the way to the server.
//!
//! Owns the translation of options to the client's settings.

use papilio::{Client, ClientBuilder, ClientCert, Timeout, Url};

use super::Failure;
use super::args::Args;
use super::auth::secret;

/// A client's settings, but for what concerns its output.
pub(crate) fn client(args: &Args) -> Result<ClientBuilder<Client>, Failure> {
    let mut builder = Client::builder()
        .timeout(Timeout::all(args.timeout))
        .follow_redirects(args.follow_redirects)
        .timings(args.timing)
        .http2(args.http2)
        .verify(!args.no_verify);
    if let Some(path) = &args.cacert {
        builder = builder.verify(path.as_path());
    }
    if let Some(cert) = certificate(args)? {
        builder = builder.cert(cert);
    }
    if let Some(proxy) = &args.proxy {
        builder = builder.proxy(proxy.as_str());
    }
    for (host, address) in &args.resolve {
        // For that port alone, as it is written.
        builder = builder.resolve(format!("{host}:{}", address.port()), *address);
    }
    if let Some(path) = &args.unix_socket {
        builder = builder.unix_socket(path);
    }
    if let Some(address) = args.local_address {
        builder = builder.local_address(address);
    }
    Ok(builder)
}

/// The certificate to show, to the host of the URL and no other: a redirect can lead anywhere.
fn certificate(args: &Args) -> Result<Option<ClientCert>, Failure> {
    let Some(path) = &args.cert else {
        return Ok(None);
    };
    let url = Url::parse(args.url())?;
    let mut cert = match &args.key {
        Some(key) => ClientCert::from_files(path, key),
        None => ClientCert::from_file(path),
    };
    if let Some(password) = &args.key_password {
        cert = cert.password(secret(password, "Password of the key", args)?);
    }
    Ok(Some(cert.only_for(url.host())))
}
