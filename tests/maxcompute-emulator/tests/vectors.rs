//! The protocol vectors of `tests/vectors` against the record codec, the bucket hash and the signatures.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a broken setup must fail the test")]

#[path = "vectors"]
mod vectors {
    mod append_bodies;
    mod bucket_hashes;
    pub(crate) mod records;
    mod signatures;
    pub(crate) mod source;
    mod upsert_bodies;
    mod wire_value;
}
