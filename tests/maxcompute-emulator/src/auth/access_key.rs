use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::{Canonicalisation, SignedRequest};

/// The access id and key that requests must be signed with.
#[derive(Clone)]
pub struct AccessKey {
    id: String,
    secret: String,
    sts_token: Option<String>,
}

/// Why a request's signature was refused. Holds no secret: the string to sign is made of the request alone.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is no Authorization header.
    #[error(
        "the request has no Authorization header; sign it with the access key that the emulator was started with"
    )]
    Missing,
    /// The header is not of the form `ODPS id:signature`.
    #[error(
        "the Authorization header is not `ODPS access-id:signature` nor `ODPS access-id/date/region/odps/aliyun_v4_request:signature`"
    )]
    Malformed,
    /// The access id is not the configured one.
    #[error("access id `{0}` is unknown; use the one that the emulator was started with")]
    UnknownId(String),
    /// The signature differs.
    #[error(
        "the signature differs from the one computed for the string to sign {0:?}; check the access key and what was signed"
    )]
    Mismatch(String),
    /// The key is temporary and the request has not its token.
    #[error(
        "the access key is temporary, and the header authorization-sts-token has not its token; send the token that belongs to the key"
    )]
    Token,
}

impl AccessKey {
    /// A pair of access id and access key secret.
    pub fn new(id: String, secret: String) -> Self {
        Self { id, secret, sts_token: None }
    }

    /// The key as a temporary one, which is valid together with its STS token only.
    #[must_use]
    pub fn with_sts_token(self, token: String) -> Self {
        Self { sts_token: Some(token), ..self }
    }

    /// Checks the header `authorization-sts-token`, which is not signed. A lasting key needs none.
    ///
    /// # Errors
    /// [`SignatureError::Token`] if the key is temporary and the header has another token or is missing.
    pub fn verify_token(&self, sent: Option<&str>) -> Result<(), SignatureError> {
        let Some(token) = &self.sts_token else { return Ok(()) };
        // Compared by its MAC, so that the time taken tells nothing about the token.
        let found = sha1_mac(self.secret.as_bytes(), sent.unwrap_or_default())?.finalize().into_bytes();
        let right = sha1_mac(self.secret.as_bytes(), token)?.verify(&found).is_ok();
        if right { Ok(()) } else { Err(SignatureError::Token) }
    }

    /// Checks the Authorization header of a request. A signature over the path with or without `/api`, and by either
    /// canonicalisation, is right.
    ///
    /// # Errors
    /// [`SignatureError`] if the header is missing or no candidate matches it.
    pub fn verify(&self, request: &SignedRequest, authorization: Option<&str>) -> Result<(), SignatureError> {
        let header = authorization.ok_or(SignatureError::Missing)?;
        let credential = header.strip_prefix("ODPS ").ok_or(SignatureError::Malformed)?;
        let (credential, signature) = credential.rsplit_once(':').ok_or(SignatureError::Malformed)?;
        let signature = STANDARD.decode(signature.trim()).map_err(|_| SignatureError::Malformed)?;
        let parts: Vec<&str> = credential.split('/').collect();
        let (id, key) = match parts.as_slice() {
            [id] => (*id, self.secret.as_bytes().to_vec()),
            [id, date, region, "odps", "aliyun_v4_request"] => (*id, self.v4_key(date, region)?),
            _ => return Err(SignatureError::Malformed),
        };
        if id != self.id {
            return Err(SignatureError::UnknownId(id.to_owned()));
        }
        for prefix in ["/api", ""] {
            for canonicalisation in [Canonicalisation::DecodedParameters, Canonicalisation::DecodedQuery] {
                let text = request.string_to_sign(prefix, canonicalisation);
                if sha1_mac(&key, &text)?.verify_slice(&signature).is_ok() {
                    return Ok(());
                }
            }
        }
        let expected = request.string_to_sign("/api", Canonicalisation::DecodedParameters);
        Err(SignatureError::Mismatch(expected))
    }

    /// The v4 signing key of a day (`yyyyMMdd`) and a region.
    fn v4_key(&self, date: &str, region: &str) -> Result<Vec<u8>, SignatureError> {
        let mut key = format!("aliyun_v4{}", self.secret).into_bytes();
        for part in [date, region, "odps", "aliyun_v4_request"] {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SignatureError::Malformed)?;
            mac.update(part.as_bytes());
            key = mac.finalize().into_bytes().to_vec();
        }
        Ok(key)
    }
}

fn sha1_mac(key: &[u8], text: &str) -> Result<Hmac<Sha1>, SignatureError> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).map_err(|_| SignatureError::Malformed)?;
    mac.update(text.as_bytes());
    Ok(mac)
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}
