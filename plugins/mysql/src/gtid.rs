//! Global transaction identifiers and sets of them: MySQL's, tagged ones included, and MariaDB's.

mod domain;

use std::collections::BTreeMap;
use std::fmt;

pub use domain::DomainGtid;
use domain::Domains;

/// Who numbers transactions: a server's UUID and, since MySQL 8.3, a tag (empty for none).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// In network order.
    pub uuid: [u8; 16],
    /// Lower case, at most 32 characters.
    pub tag: String,
}

/// The last number that a transaction can have.
const LAST: u64 = i64::MAX as u64;
/// Characters of a tag.
const LONGEST_TAG: usize = 32;

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gtid {
    /// MySQL's.
    Server {
        /// Who numbered it.
        origin: Origin,
        /// From 1.
        number: u64,
    },
    /// MariaDB's.
    Domain(DomainGtid),
}

/// A set of transactions, as the server writes it: `uuid:1-3:5:tag:1-2,uuid:7`, or in MariaDB, where the last one of a
/// domain stands for all before it, `0-1-7,5-2-9`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GtidSet {
    /// Inclusive intervals, ascending, apart from each other by at least one.
    intervals: BTreeMap<Origin, Vec<(u64, u64)>>,
    domains: Domains,
}

/// A text that is no GTID set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` in a GTID set: {reason}")]
pub struct GtidError {
    /// What cannot be read.
    pub part: String,
    /// Why.
    pub reason: &'static str,
}

// === impl Origin ===

impl Origin {
    /// A server's UUID with a tag, in lower case; none where the tag is none.
    #[must_use]
    pub fn new(uuid: [u8; 16], tag: &str) -> Option<Self> {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let begins = !tag.starts_with(|first: char| first.is_ascii_digit());
        let is_tag = begins && tag.len() <= LONGEST_TAG && tag.as_bytes().iter().all(word);
        is_tag.then(|| Self { uuid, tag: tag.to_ascii_lowercase() })
    }
}

// === impl Gtid ===

impl Gtid {
    /// A transaction of MySQL; none where no transaction has this number.
    #[must_use]
    pub fn new(origin: Origin, number: u64) -> Option<Self> {
        (1..=LAST).contains(&number).then_some(Self::Server { origin, number })
    }
}

impl fmt::Display for Gtid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (origin, number) = match self {
            Self::Server { origin, number } => (origin, number),
            Self::Domain(gtid) => return gtid.fmt(out),
        };
        write_uuid(out, &origin.uuid)?;
        if !origin.tag.is_empty() {
            write!(out, ":{}", origin.tag)?;
        }
        write!(out, ":{number}")
    }
}

// === impl GtidSet ===

impl GtidSet {
    /// Read a set in the server's text form; white space and newlines may stand between the parts.
    ///
    /// # Errors
    /// The text is no GTID set.
    pub fn parse(text: &str) -> Result<Self, GtidError> {
        let mut set = Self::default();
        for member in text.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            if !member.contains(':') && member.split('-').count() == 3 {
                set.domains.add(DomainGtid::parse(member)?);
                continue;
            }
            let mut parts = member.split(':').map(str::trim);
            let first = parts.next().unwrap_or_default();
            let mut origin = Origin { uuid: parse_uuid(first)?, tag: String::new() };
            for part in parts {
                if part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
                    origin = Origin::new(origin.uuid, part).ok_or_else(|| GtidError {
                        part: member.to_owned(),
                        reason: "a tag has letters, digits and underscores, 32 at most",
                    })?;
                    continue;
                }
                let number = |text: &str| {
                    text.trim().parse::<u64>().ok().filter(|number| (1..=LAST).contains(number)).ok_or(
                        GtidError {
                            part: member.to_owned(),
                            reason: "transaction numbers go from 1 to 2^63 - 1",
                        },
                    )
                };
                let (first, last) = match part.split_once('-') {
                    Some((first, last)) => (number(first)?, number(last)?),
                    None => (number(part)?, number(part)?),
                };
                // As in the server, an interval that ends before it begins is empty.
                if first <= last {
                    set.insert(&origin, first, last);
                }
            }
        }
        Ok(set)
    }

    /// Whether no transaction is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty() && self.domains.is_empty()
    }

    /// Whether these are MariaDB's.
    #[must_use]
    pub fn has_domains(&self) -> bool {
        !self.domains.is_empty()
    }

    /// Add a transaction.
    pub fn add(&mut self, gtid: &Gtid) {
        let (origin, number) = match gtid {
            Gtid::Server { origin, number } => (origin, *number),
            Gtid::Domain(gtid) => return self.domains.add(*gtid),
        };
        // The common case: the next one of a known origin.
        if let Some((_, last)) = self.intervals.get_mut(origin).and_then(|list| list.last_mut())
            && *last + 1 == number
        {
            *last = number;
            return;
        }
        self.insert(origin, number, number);
    }

    /// Add all transactions of another set.
    pub fn merge(&mut self, other: &Self) {
        for (origin, list) in &other.intervals {
            for (first, last) in list {
                self.insert(origin, *first, *last);
            }
        }
        self.domains.merge(&other.domains);
    }

    /// Fill, for each origin of the set, what is missing before its first transaction with what `executed` has there:
    /// whoever knows later transactions of an origin has no use for the earlier ones.
    pub fn fill_from(&mut self, executed: &Self) {
        let firsts: Vec<_> = self
            .intervals
            .iter()
            .filter_map(|(origin, list)| Some((origin.clone(), list.first()?.0)))
            .collect();
        for (origin, first) in firsts {
            for (start, end) in executed.intervals.get(&origin).cloned().unwrap_or_default() {
                if start < first {
                    self.insert(&origin, start, end.min(first - 1));
                }
            }
        }
    }

    /// Add all of `executed` whose origin is not in the set.
    pub fn add_unknown_origins(&mut self, executed: &Self) {
        for (origin, list) in &executed.intervals {
            if !self.intervals.contains_key(origin) {
                self.intervals.insert(origin.clone(), list.clone());
            }
        }
        let unknown: Vec<_> = executed.domains.without(&self.domains).collect();
        unknown.into_iter().for_each(|gtid| self.domains.add(gtid));
    }

    /// Whether a transaction is in the set.
    #[must_use]
    pub fn contains(&self, gtid: &Gtid) -> bool {
        match gtid {
            Gtid::Server { origin, number } => self.covers(origin, *number, *number),
            Gtid::Domain(gtid) => self.domains.contains(gtid),
        }
    }

    /// Whether every transaction of the other set is in this one.
    #[must_use]
    pub fn contains_all(&self, other: &Self) -> bool {
        let covers = |(origin, list): (&Origin, &Vec<(u64, u64)>)| {
            list.iter().all(|(first, last)| self.covers(origin, *first, *last))
        };
        other.intervals.iter().all(covers) && self.domains.contains_all(&other.domains)
    }

    fn covers(&self, origin: &Origin, first: u64, last: u64) -> bool {
        self.intervals.get(origin).is_some_and(|list| {
            let at = list.partition_point(|(_, end)| *end < first);
            list.get(at).is_some_and(|(start, end)| *start <= first && last <= *end)
        })
    }

    fn insert(&mut self, origin: &Origin, first: u64, last: u64) {
        if !self.intervals.contains_key(origin) {
            self.intervals.insert(origin.clone(), Vec::new());
        }
        let Some(list) = self.intervals.get_mut(origin) else { return };
        // The intervals that overlap or touch the new one are merged into it.
        let start = list.partition_point(|(_, end)| end.saturating_add(1) < first);
        let end = list.partition_point(|(begin, _)| *begin <= last.saturating_add(1));
        let merged = list
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .fold((first, last), |(first, last), (b, e)| (first.min(*b), last.max(*e)));
        list.splice(start..end.max(start), [merged]);
    }
}

impl fmt::Display for GtidSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut previous: Option<&Origin> = None;
        for (origin, list) in &self.intervals {
            match previous {
                Some(previous) if previous.uuid == origin.uuid => {}
                _ => {
                    if previous.is_some() {
                        out.write_str(",")?;
                    }
                    write_uuid(out, &origin.uuid)?;
                }
            }
            if !origin.tag.is_empty() {
                write!(out, ":{}", origin.tag)?;
            }
            for (first, last) in list {
                if first == last { write!(out, ":{first}")? } else { write!(out, ":{first}-{last}")? }
            }
            previous = Some(origin);
        }
        if previous.is_some() && !self.domains.is_empty() {
            out.write_str(",")?;
        }
        self.domains.fmt(out)
    }
}

fn parse_uuid(text: &str) -> Result<[u8; 16], GtidError> {
    let wrong = || GtidError { part: text.to_owned(), reason: "a server's UUID has 32 hexadecimal digits" };
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    let mut uuid = [0; 16];
    if digits.len() != 32 {
        return Err(wrong());
    }
    for (byte, pair) in uuid.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).ok_or_else(wrong);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Ok(uuid)
}

fn write_uuid(out: &mut fmt::Formatter<'_>, uuid: &[u8; 16]) -> fmt::Result {
    for (index, byte) in uuid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.write_str("-")?;
        }
        write!(out, "{byte:02x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const A: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    const B: &str = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

    fn gtid(origin: &str, tag: &str, number: u64) -> Gtid {
        let origin = Origin { uuid: parse_uuid(origin).unwrap(), tag: tag.to_owned() };
        Gtid::Server { origin, number }
    }

    #[test]
    fn a_set_prints_as_the_server_does() {
        for text in
            ["".to_owned(), format!("{A}:1-3:5"), format!("{A}:1-26:mytag:1,{B}:7"), format!("{A}:tag:2-9")]
        {
            assert_eq!(GtidSet::parse(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn white_space_case_and_order_do_not_matter() {
        let set = GtidSet::parse(&format!("{} : 5 : 1-3 ,\n {B}:TAG:4-4", A.to_uppercase())).unwrap();
        assert_eq!(set.to_string(), format!("{A}:1-3:5,{B}:tag:4"));
    }

    #[test]
    fn what_is_no_set_is_refused_with_the_part() {
        assert_eq!(GtidSet::parse("0-1-x").unwrap_err().part, "0-1-x");
        let long = "t".repeat(33);
        for text in [
            format!("{A}:0"),
            format!("{A}:1-"),
            format!("{A}:-3"),
            format!("{A}:9223372036854775808"),
            format!("{A}:a b:1"),
            format!("{A}:{long}:1"),
        ] {
            assert_eq!(GtidSet::parse(&text).unwrap_err().part, text);
        }
    }

    #[test]
    fn a_tag_is_another_origin() {
        let mut set = GtidSet::parse(&format!("{A}:1-5")).unwrap();
        assert!(!set.contains(&gtid(A, "t", 3)));
        set.add(&gtid(A, "t", 3));
        assert_eq!(set.to_string(), format!("{A}:1-5:t:3"));
    }

    #[test]
    fn contains_all_needs_every_origin() {
        let set = GtidSet::parse(&format!("{A}:1-10")).unwrap();
        assert!(set.contains_all(&GtidSet::parse(&format!("{A}:2-3:7")).unwrap()));
        assert!(!set.contains_all(&GtidSet::parse(&format!("{A}:2-11")).unwrap()));
        assert!(!set.contains_all(&GtidSet::parse(&format!("{B}:1")).unwrap()));
        assert!(set.contains_all(&GtidSet::default()));
    }

    #[test]
    fn a_set_is_filled_before_its_first_transactions_and_nowhere_else() {
        let mut set = GtidSet::parse(&format!("{A}:100-200:300")).unwrap();
        set.fill_from(&GtidSet::parse(&format!("{A}:1-50:90-250,{B}:1-9")).unwrap());
        assert_eq!(set.to_string(), format!("{A}:1-50:90-200:300"));
        set.add_unknown_origins(&GtidSet::parse(&format!("{A}:1-400,{B}:1-9,3-1-5")).unwrap());
        assert_eq!(set.to_string(), format!("{A}:1-50:90-200:300,{B}:1-9,3-1-5"));
    }

    proptest! {
        #[test]
        fn a_set_is_a_set_of_numbers(ranges in prop::collection::vec((1u64..60, 0u64..9), 0..12)) {
            let mut set = GtidSet::default();
            let mut numbers = BTreeSet::new();
            for (first, more) in ranges {
                set.merge(&GtidSet::parse(&format!("{A}:{first}-{}", first + more)).unwrap());
                numbers.extend(first..=first + more);
            }
            for number in 1..80 {
                prop_assert_eq!(set.contains(&gtid(A, "", number)), numbers.contains(&number));
            }
            let mut one_by_one = GtidSet::default();
            numbers.iter().rev().for_each(|number| one_by_one.add(&gtid(A, "", *number)));
            prop_assert_eq!(&set, &one_by_one);
            prop_assert_eq!(GtidSet::parse(&set.to_string()).unwrap(), set);
        }
    }
}
