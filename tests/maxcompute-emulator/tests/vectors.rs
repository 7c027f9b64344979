//! The protocol vectors of `tests/vectors` against the record codec, the bucket hash and the signatures.

#[path = "vectors"]
mod vectors {
    mod append_bodies;
    mod bucket_hashes;
    pub mod records;
    mod signatures;
    pub mod source;
    mod upsert_bodies;
    mod wire_value;
}
