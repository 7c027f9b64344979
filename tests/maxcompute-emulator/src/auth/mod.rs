//! Request signatures: v1 (HMAC-SHA1) and v4 (a derived key, still HMAC-SHA1).

mod access_key;
mod canonical;

pub use access_key::{AccessKey, SignatureError};
pub use canonical::{Canonicalisation, SignedRequest};
