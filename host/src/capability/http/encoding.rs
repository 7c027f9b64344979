//! Body encodings, natively: a guest only lays out records.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use crate::plugin::bindings::capabilities::http::BodyEncoding;

/// Smaller bodies are encoded at once; others on a thread that may take its time.
const AT_ONCE: usize = 8 << 10;

/// The `Content-Encoding` of an encoding; none for identity.
pub(super) fn name(encoding: BodyEncoding) -> Option<&'static str> {
    match encoding {
        BodyEncoding::Identity => None,
        BodyEncoding::Deflate => Some("deflate"),
        BodyEncoding::Lz4Frame => Some("x-lz4-frame"),
        BodyEncoding::SnappyFramed => Some("x-snappy-framed"),
        BodyEncoding::Zstd => Some("zstd"),
    }
}

/// Encodes bodies. What is needed for it is kept for the next one: a third of a megabyte, which would otherwise be
/// taken and given back for each body, however small, until the heap is in pieces.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    idle: Mutex<Vec<Compress>>,
}

/// Idle states that are kept.
const MOST_IDLE: usize = 16;

impl Encoder {
    /// Encode a body without keeping the executor waiting.
    pub(super) async fn encode(self: &Arc<Self>, body: Vec<u8>, encoding: BodyEncoding) -> io::Result<Bytes> {
        if matches!(encoding, BodyEncoding::Identity) || body.is_empty() {
            return Ok(body.into());
        }
        if body.len() <= AT_ONCE {
            return self.encode_now(&body, encoding).map(Bytes::from);
        }
        let encoder = Arc::clone(self);
        tokio::task::spawn_blocking(move || encoder.encode_now(&body, encoding))
            .await
            .map_err(io::Error::other)?
            .map(Bytes::from)
    }

    fn encode_now(&self, body: &[u8], encoding: BodyEncoding) -> io::Result<Vec<u8>> {
        let room = || Vec::with_capacity(body.len() / 2);
        match encoding {
            BodyEncoding::Identity => Ok(body.to_vec()),
            BodyEncoding::Deflate => self.deflate(body),
            BodyEncoding::Lz4Frame => {
                // The Java client's frames: independent blocks of 4 MiB.
                let info = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max4MB);
                let mut encoder = FrameEncoder::with_frame_info(info, room());
                encoder.write_all(body)?;
                encoder.finish().map_err(io::Error::other)
            }
            BodyEncoding::SnappyFramed => {
                let mut encoder = snap::write::FrameEncoder::new(room());
                encoder.write_all(body)?;
                encoder.into_inner().map_err(|error| io::Error::other(error.to_string()))
            }
            BodyEncoding::Zstd => zstd::stream::encode_all(body, 1),
        }
    }

    fn deflate(&self, body: &[u8]) -> io::Result<Vec<u8>> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        // Level 1, as the official clients use.
        let mut state = idle.unwrap_or_else(|| Compress::new(Compression::fast(), true));
        let encoded = deflate(&mut state, body);
        state.reset();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(state);
        }
        encoded
    }
}

/// A whole body with a state that is new or was reset.
fn deflate(state: &mut Compress, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoded = Vec::with_capacity(body.len() / 2 + 64);
    loop {
        let done = usize::try_from(state.total_in()).map_err(io::Error::other)?;
        let rest = body.get(done..).unwrap_or_default();
        let status = state.compress_vec(rest, &mut encoded, FlushCompress::Finish)?;
        if status == Status::StreamEnd {
            return Ok(encoded);
        }
        encoded.reserve(encoded.capacity());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    async fn every_encoding_decodes_to_what_was_given() {
        // The same encoder for all: nothing of a body is left for the next.
        let encoder = Arc::new(Encoder::default());
        for size in [1, AT_ONCE, AT_ONCE + 1, 5 << 20, 1] {
            let body: Vec<u8> = (0..size).map(|at| (at / 7 % 251) as u8).collect();
            let encoded = async |encoding| encoder.encode(body.clone(), encoding).await.unwrap();
            assert_eq!(encoded(BodyEncoding::Identity).await, body);
            let zlib = encoded(BodyEncoding::Deflate).await;
            // RFC 1950 with the level's mark, not bare deflate.
            assert_eq!(zlib[..2], [0x78, 0x01]);
            let mut decoded = Vec::new();
            flate2::read::ZlibDecoder::new(&zlib[..]).read_to_end(&mut decoded).unwrap();
            assert_eq!(decoded, body);
            let frame = encoded(BodyEncoding::Lz4Frame).await;
            // Version 1, independent blocks of 4 MiB, no checksums and no size: as the Java client writes.
            assert_eq!(frame[..6], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70]);
            let mut decoded = Vec::new();
            lz4_flex::frame::FrameDecoder::new(&frame[..]).read_to_end(&mut decoded).unwrap();
            assert_eq!(decoded, body);
            let framed = encoded(BodyEncoding::SnappyFramed).await;
            assert_eq!(framed[..10], *b"\xff\x06\0\0sNaPpY");
            let mut decoded = Vec::new();
            snap::read::FrameDecoder::new(&framed[..]).read_to_end(&mut decoded).unwrap();
            assert_eq!(decoded, body);
            assert_eq!(zstd::stream::decode_all(&encoded(BodyEncoding::Zstd).await[..]).unwrap(), body);
        }
    }
}
