use maxcompute_emulator::content_encoding::{ContentEncoding, decode as decompress};
use maxcompute_emulator::record::RecordError;
use maxcompute_emulator::schema::DataType;

use super::records::{decode, encode, expected};
use super::source::{bytes_of, load};
use super::wire_value::types_of;

const LIMIT: usize = 1 << 20;

#[test]
fn every_body_of_every_compression_decodes_to_the_rows() {
    let mut bodies = 0;
    for vector in load("records_append.json") {
        let types = types_of(&vector["types"]);
        let rows = expected(&types, &vector["rows"]);
        for (algorithm, body) in vector["bodies"].as_object().expect("bodies") {
            let name = format!("{} {algorithm}", vector["name"]);
            let encoding = ContentEncoding::from_header(body["content_encoding"].as_str()).expect(&name);
            let stream = decompress(encoding, &bytes_of(&body["hex"]), LIMIT).expect(&name);
            assert_eq!(decode(&types, &stream).as_ref(), Ok(&rows), "{name}");
            assert_eq!(rows.len() as u64, vector["record_count"], "{name}");
            bodies += 1;
        }
    }
    assert!(bodies >= 5 * 34, "{bodies} bodies");
}

#[test]
fn rows_encode_to_the_canonical_stream_and_back() {
    for vector in load("records_append.json") {
        let types = types_of(&vector["types"]);
        let rows = expected(&types, &vector["rows"]);
        let canonical = bytes_of(&vector["canonical_hex"]);
        assert_eq!(encode(&types, &rows), canonical, "{}", vector["name"]);
        assert_eq!(decode(&types, &canonical), Ok(rows), "{}", vector["name"]);
    }
}

#[test]
fn every_flipped_bit_of_a_stream_is_noticed() {
    // All but the map vectors: the checksums do not cover null flags, counts and how values are split among MAP sides.
    let covered = |data_type: &DataType| {
        !matches!(data_type, DataType::Array(_) | DataType::Map(..) | DataType::Struct(_))
    };
    for vector in load("records_append.json") {
        let types = types_of(&vector["types"]);
        if !types.iter().all(covered) {
            continue;
        }
        let canonical = bytes_of(&vector["canonical_hex"]);
        let rows = decode(&types, &canonical);
        for bit in 0..canonical.len() * 8 {
            let mut damaged = canonical.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let found = decode(&types, &damaged);
            // A flip may stay without effect, as in the upper bits of a checksum's last byte; it must never change a value.
            assert!(found.is_err() || found == rows, "{}: bit {bit}", vector["name"]);
        }
    }
}

#[test]
fn every_truncation_of_a_stream_is_refused() {
    for vector in load("records_append.json") {
        let types = types_of(&vector["types"]);
        let canonical = bytes_of(&vector["canonical_hex"]);
        for length in 0..canonical.len() {
            let found = decode(&types, &canonical[..length]);
            assert!(
                matches!(found, Err(RecordError::Truncated { .. })),
                "{} cut to {length}: {found:?}",
                vector["name"]
            );
        }
    }
}
