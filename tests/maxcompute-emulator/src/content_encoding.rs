//! The compressions of tunnel bodies, each a Content-Encoding of the whole record stream.

use std::io::{self, Read, Write};

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncoding {
    /// Not at all.
    Identity,
    /// `deflate`: a zlib stream (RFC 1950).
    Deflate,
    /// `x-snappy-framed`: the snappy framing format.
    Snappy,
    /// `x-lz4-frame`: LZ4 frames. Linked blocks are read; independent ones, which lz4-java needs, are written.
    Lz4,
    /// `zstd`: zstd frames.
    Zstd,
}

/// Why a body could not be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum ContentEncodingError {
    /// The Content-Encoding header names none of the known ones.
    #[error(
        "Content-Encoding `{0}` is unknown; use deflate, x-snappy-framed, x-lz4-frame or zstd, or leave it out"
    )]
    Unknown(String),
    /// The body is damaged.
    #[error("the body is no valid {encoding} data: {source}")]
    Corrupt {
        /// The header's value.
        encoding: &'static str,
        /// What the decompressor says.
        source: io::Error,
    },
    /// The body is larger than allowed.
    #[error("the body has more than {limit} bytes uncompressed; send smaller blocks")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
}

impl ContentEncoding {
    /// Reads a Content-Encoding header; absent, empty and `identity` are [`ContentEncoding::Identity`].
    ///
    /// # Errors
    /// [`ContentEncodingError::Unknown`].
    pub fn from_header(value: Option<&str>) -> Result<Self, ContentEncodingError> {
        match value.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "deflate" => Ok(Self::Deflate),
            "x-snappy-framed" => Ok(Self::Snappy),
            "x-lz4-frame" => Ok(Self::Lz4),
            "zstd" => Ok(Self::Zstd),
            other => Err(ContentEncodingError::Unknown(other.to_owned())),
        }
    }

    /// The first known encoding of an Accept-Encoding header, or identity.
    pub fn from_accept(value: Option<&str>) -> Self {
        let offers =
            value.unwrap_or_default().split(',').map(|offer| offer.split(';').next().unwrap_or_default());
        let known = offers.filter_map(|offer| Self::from_header(Some(offer)).ok());
        known.into_iter().find(|encoding| *encoding != Self::Identity).unwrap_or(Self::Identity)
    }

    /// The header's value; none for identity.
    pub fn header(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Deflate => Some("deflate"),
            Self::Snappy => Some("x-snappy-framed"),
            Self::Lz4 => Some("x-lz4-frame"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// Decompresses a body of at most `limit` bytes.
///
/// # Errors
/// [`ContentEncodingError::Corrupt`] and [`ContentEncodingError::TooLarge`].
pub fn decode(encoding: ContentEncoding, body: &[u8], limit: usize) -> Result<Vec<u8>, ContentEncodingError> {
    let corrupt =
        |source| ContentEncodingError::Corrupt { encoding: encoding.header().unwrap_or("identity"), source };
    match encoding {
        ContentEncoding::Identity => read(body, limit),
        ContentEncoding::Deflate => read(flate2::read::ZlibDecoder::new(body), limit),
        ContentEncoding::Snappy => read(snap::read::FrameDecoder::new(body), limit),
        ContentEncoding::Lz4 => read(lz4_flex::frame::FrameDecoder::new(body), limit),
        ContentEncoding::Zstd => zstd::stream::read::Decoder::new(body).and_then(|body| read(body, limit)),
    }
    .map_err(corrupt)?
    .ok_or(ContentEncodingError::TooLarge { limit })
}

fn read(body: impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut out = Vec::new();
    body.take(limit as u64 + 1).read_to_end(&mut out)?;
    Ok((out.len() <= limit).then_some(out))
}

/// Compresses a body, fast rather than small.
///
/// # Errors
/// Those of the compressors, which write to memory here.
pub fn encode(encoding: ContentEncoding, body: Vec<u8>) -> io::Result<Vec<u8>> {
    match encoding {
        ContentEncoding::Identity => Ok(body),
        ContentEncoding::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&body)?;
            encoder.finish()
        }
        ContentEncoding::Snappy => {
            let mut encoder = snap::write::FrameEncoder::new(Vec::new());
            encoder.write_all(&body)?;
            encoder.into_inner().map_err(|error| io::Error::other(error.to_string()))
        }
        ContentEncoding::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new()
                .block_mode(lz4_flex::frame::BlockMode::Independent)
                .block_size(lz4_flex::frame::BlockSize::Max4MB);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(&body)?;
            Ok(encoder.finish()?)
        }
        ContentEncoding::Zstd => zstd::encode_all(body.as_slice(), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ContentEncoding; 5] = [
        ContentEncoding::Identity,
        ContentEncoding::Deflate,
        ContentEncoding::Snappy,
        ContentEncoding::Lz4,
        ContentEncoding::Zstd,
    ];

    #[test]
    fn every_encoding_gives_back_what_it_took() {
        let body: Vec<u8> = (0..300_000u32).flat_map(|n| (n % 1000).to_le_bytes()).collect();
        for encoding in ALL {
            for body in [Vec::new(), body.clone()] {
                let sent = encode(encoding, body.clone()).unwrap();
                assert_eq!(decode(encoding, &sent, body.len()).unwrap(), body, "{encoding:?}");
            }
            assert_eq!(ContentEncoding::from_header(encoding.header()).unwrap(), encoding);
        }
    }

    #[test]
    fn lz4_frames_have_independent_blocks_for_java_and_linked_ones_are_read() {
        /// The bit of the frame descriptor's flags that says so.
        const INDEPENDENT: u8 = 0x20;
        let body: Vec<u8> = (0..200_000u32).flat_map(|n| (n / 3).to_le_bytes()).collect();
        let independent = encode(ContentEncoding::Lz4, body.clone()).unwrap();
        assert_eq!(independent[4] & INDEPENDENT, INDEPENDENT);
        let info = lz4_flex::frame::FrameInfo::new()
            .block_mode(lz4_flex::frame::BlockMode::Linked)
            .block_size(lz4_flex::frame::BlockSize::Max64KB);
        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(&body).unwrap();
        let linked = encoder.finish().unwrap();
        assert_eq!(linked[4] & INDEPENDENT, 0);
        assert_eq!(decode(ContentEncoding::Lz4, &linked, body.len()).unwrap(), body);
    }

    #[test]
    fn a_body_beyond_the_limit_is_refused() {
        for encoding in ALL {
            let sent = encode(encoding, vec![0; 100_000]).unwrap();
            let error = decode(encoding, &sent, 99_999).unwrap_err();
            assert!(matches!(error, ContentEncodingError::TooLarge { .. }), "{encoding:?}: {error}");
        }
    }

    #[test]
    fn raw_deflate_and_noise_are_corrupt() {
        for encoding in &ALL[1..] {
            let error = decode(*encoding, b"\x4b\x4c\x4a\x06\x00 noise", 100).unwrap_err();
            assert!(matches!(error, ContentEncodingError::Corrupt { .. }), "{encoding:?}: {error}");
        }
    }

    #[test]
    fn the_first_known_offer_is_taken() {
        assert_eq!(ContentEncoding::from_accept(Some("gzip, zstd;q=1, deflate")), ContentEncoding::Zstd);
        assert_eq!(ContentEncoding::from_accept(Some("identity")), ContentEncoding::Identity);
        assert_eq!(ContentEncoding::from_accept(None), ContentEncoding::Identity);
    }
}
