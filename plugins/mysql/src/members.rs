//! The members of an ENUM or a SET.

use std::sync::Arc;

/// Member strings in their declared order, in UTF-8. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members(Arc<[Box<str>]>);

/// A `COLUMN_TYPE` that is no list of quoted members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of quoted members")]
pub struct NotMembers;

/// A SET has at most this many members: its value is a bitmap of eight bytes.
pub const MOST_OF_A_SET: usize = 64;

// === impl Members ===

impl Members {
    /// Read `COLUMN_TYPE` of `information_schema`: `enum('a','it''s','a\\b')`. A quote is doubled; a backslash, a NUL, a
    /// line feed and a carriage return are `\\`, `\0`, `\n` and `\r` whatever the `sql_mode` (MySQL `append_unescaped`).
    ///
    /// # Errors
    /// The text is something else.
    pub fn parse(column_type: &str) -> Result<Self, NotMembers> {
        let open = column_type.find('(').ok_or(NotMembers)?;
        let list = column_type.get(open + 1..).ok_or(NotMembers)?;
        let mut members = Vec::new();
        let mut chars = list.chars().peekable();
        loop {
            if chars.next() != Some('\'') {
                return Err(NotMembers);
            }
            let mut member = String::new();
            loop {
                match chars.next().ok_or(NotMembers)? {
                    '\'' if chars.peek() == Some(&'\'') => {
                        chars.next();
                        member.push('\'');
                    }
                    '\'' => break,
                    '\\' => member.push(match chars.next().ok_or(NotMembers)? {
                        '0' => '\0',
                        'n' => '\n',
                        'r' => '\r',
                        other => other,
                    }),
                    other => member.push(other),
                }
            }
            members.push(member.into_boxed_str());
            match chars.next() {
                Some(',') => {}
                Some(')') => return Ok(Self(members.into())),
                _ => return Err(NotMembers),
            }
        }
    }

    /// These members.
    #[must_use]
    pub fn new(members: impl IntoIterator<Item = String>) -> Self {
        Self(members.into_iter().map(String::into_boxed_str).collect())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none; never so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of an ENUM's stored number: members count from 1, and 0 is what MySQL makes of a wrong value, an empty
    /// text. None for a number beyond the members.
    #[inline]
    #[must_use]
    pub fn of_number(&self, number: u64) -> Option<&str> {
        match usize::try_from(number).ok()?.checked_sub(1) {
            None => Some(""),
            Some(index) => self.0.get(index).map(AsRef::as_ref),
        }
    }

    /// The number of an ENUM's text. An empty text is the member of that name where there is one.
    #[must_use]
    pub fn number(&self, text: &str) -> Option<u64> {
        match self.0.iter().position(|member| **member == *text) {
            Some(index) => Some(index as u64 + 1),
            None => text.is_empty().then_some(0),
        }
    }

    /// The members of a SET's stored bitmap, lowest bit first; none for a bit beyond them.
    ///
    /// A SET that holds the empty member alone reads like an empty one in a select, so it has no members here.
    #[inline]
    #[must_use]
    pub fn of_bitmap(&self, bitmap: u64) -> Option<impl Iterator<Item = &str>> {
        if bitmap.checked_shr(self.0.len() as u32).is_some_and(|beyond| beyond != 0) {
            return None;
        }
        let first = self.0.get(bitmap.trailing_zeros() as usize);
        let bitmap = if bitmap.is_power_of_two() && first.is_some_and(|member| member.is_empty()) {
            0
        } else {
            bitmap
        };
        let members = self.0.iter().enumerate();
        Some(
            members
                .filter(move |(bit, _)| bitmap.checked_shr(*bit as u32).unwrap_or(0) & 1 == 1)
                .map(|(_, member)| member.as_ref()),
        )
    }

    /// The bitmap of a SET's text, its members separated by commas.
    #[must_use]
    pub fn bitmap(&self, text: &str) -> Option<u64> {
        if text.is_empty() {
            return Some(0);
        }
        text.split(',').try_fold(0, |bitmap, name| {
            let bit = self.0.iter().position(|member| **member == *name)?;
            Some(bitmap | 1u64.checked_shl(u32::try_from(bit).ok()?)?)
        })
    }

    /// Whether a member may have lost characters: `information_schema` writes those beyond the BMP as question marks.
    #[must_use]
    pub fn may_be_lossy(&self) -> bool {
        self.0.iter().any(|member| member.contains('?'))
    }

    /// Whether `information_schema` would show these members as `declared`.
    #[must_use]
    pub fn are_declared_as(&self, declared: &Self) -> bool {
        let shown = |char| if char > '\u{ffff}' { '?' } else { char };
        self.len() == declared.len()
            && self
                .0
                .iter()
                .zip(declared.0.iter())
                .all(|(own, declared)| own.chars().map(shown).eq(declared.chars().map(shown)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(names: &[&str]) -> Members {
        Members::new(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn members_are_read_as_information_schema_writes_them() {
        let text = r#"enum('a\\b','it''s','new\nline','q"x','c,d',')','nul\0z','','é')"#;
        let expected = ["a\\b", "it's", "new\nline", "q\"x", "c,d", ")", "nul\0z", "", "é"];
        assert_eq!(Members::parse(text), Ok(members(&expected)));
        for text in ["enum", "enum(", "enum()", "enum('a'", "enum('a',)", "set(a)", "enum('a''", "enum('\\"] {
            assert_eq!(Members::parse(text), Err(NotMembers), "{text}");
        }
    }

    #[test]
    fn an_enum_counts_from_one_and_zero_is_no_text() {
        let members = members(&["a", "b"]);
        assert_eq!(
            [0, 1, 2, 3].map(|number| members.of_number(number)),
            [Some(""), Some("a"), Some("b"), None]
        );
        assert_eq!(["", "a", "b", "c"].map(|text| members.number(text)), [Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn a_set_of_the_empty_member_reads_like_an_empty_set() {
        let members = members(&["", "a"]);
        let list = |bitmap| members.of_bitmap(bitmap).map(|list| list.collect::<Vec<_>>().join(","));
        assert_eq!([0, 1, 2, 3].map(list), ["", "", "a", ",a"].map(|text| Some(text.to_owned())));
        assert_eq!(list(4), None);
    }

    proptest! {
        #[test]
        fn a_bitmap_of_up_to_64_members_comes_back(count in 1usize..=MOST_OF_A_SET, bits: u64) {
            let members = Members::new((0..count).map(|index| format!("m{index}")));
            let bitmap = bits & u64::MAX.checked_shr(64 - count as u32).unwrap_or(0);
            let text: Vec<_> = members.of_bitmap(bitmap).unwrap().collect();
            prop_assert_eq!(text.len(), bitmap.count_ones() as usize);
            prop_assert_eq!(members.bitmap(&text.join(",")), Some(bitmap));
        }
    }
}
