//! `Algorithm`: the hashes of Digest authentication.

use sha2::digest::DynDigest;

use crate::error::{Error, Kind, Result};
use crate::models::body::{Body, PIECE};

/// How a challenge wants things hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Algorithm {
    hash: Hash,
    /// The user's hash is bound to the nonces: `-sess`.
    pub(super) is_session: bool,
    /// As the server wrote it, to be sent back.
    pub(super) name: String,
}

/// From the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
    Sha512Trunc256,
}

impl Algorithm {
    /// `None` for a name that is not known.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?.to_owned();
        let lower = name.to_ascii_lowercase();
        let (hash, is_session) = match lower.strip_suffix("-sess") {
            Some(hash) => (hash, true),
            None => (lower.as_str(), false),
        };
        let hash = match hash {
            "md5" => Hash::Md5,
            "sha" => Hash::Sha1,
            "sha-256" => Hash::Sha256,
            "sha-512" => Hash::Sha512,
            "sha-512-256" => Hash::Sha512Trunc256,
            _ => return None,
        };
        Some(Self {
            hash,
            is_session,
            name,
        })
    }

    /// More is better; MD5 and SHA are equal, the server's order decides between them (AUT-21).
    pub(super) fn strength(&self) -> u8 {
        match self.hash {
            Hash::Md5 | Hash::Sha1 => 0,
            Hash::Sha256 => 1,
            Hash::Sha512 => 2,
            Hash::Sha512Trunc256 => 3,
        }
    }

    /// `H` of RFC 7616 section 3.3 over these parts with colons between them, in lower-case hex.
    pub(super) fn hash(&self, parts: &[&[u8]]) -> String {
        let mut state = self.hash.start();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                state.update(b":");
            }
            state.update(part);
        }
        hex(&state.finalize())
    }

    /// The hash of a body that can be sent afterwards.
    pub(super) fn hash_body(&self, body: &mut Body) -> Result<String> {
        if let Some(bytes) = body.as_bytes() {
            return Ok(self.hash(&[bytes]));
        }
        if !body.is_replayable() {
            return Err(Error::new(
                Kind::StreamConsumed,
                "the server wants the request body hashed first, and this body can be read only once; use bytes, a seekable reader or Body::factory",
            ));
        }
        let mut state = self.hash.start();
        body.prepare()?;
        let mut scratch = vec![0; PIECE];
        while let Some(piece) = body.next(&mut scratch)? {
            state.update(piece);
        }
        Ok(hex(&state.finalize()))
    }
}

impl Hash {
    fn start(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::new(md5::Md5::default()),
            Self::Sha1 => Box::new(sha1::Sha1::default()),
            Self::Sha256 => Box::new(sha2::Sha256::default()),
            Self::Sha512 => Box::new(sha2::Sha512::default()),
            Self::Sha512Trunc256 => Box::new(sha2::Sha512_256::default()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}
