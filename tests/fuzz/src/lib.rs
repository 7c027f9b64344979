//! What several fuzz targets share. The targets themselves stand in `targets/`, one a file.

pub mod emulator;
pub mod mysql;
pub mod records;
pub mod sink;

/// Takes input apart from its front; missing bytes are zeros, so that every input means something.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Up to a separator, which is left out, or to the end.
    pub fn until(&mut self, separator: &[u8]) -> &'a [u8] {
        let found = self.0.windows(separator.len()).position(|window| window == separator);
        let (before, rest) = match found {
            Some(at) => (&self.0[..at], &self.0[at + separator.len()..]),
            None => (self.0, &[][..]),
        };
        self.0 = rest;
        before
    }

    /// All that is left, as text.
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }
}
