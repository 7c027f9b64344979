//! MariaDB's identifiers: within a domain one transaction follows the other, so the last one stands for all.

use std::collections::BTreeMap;
use std::fmt;

use super::GtidError;

/// One transaction: `domain-server-number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DomainGtid {
    /// An independent sequence of transactions.
    pub domain: u32,
    /// The server that made it.
    pub server: u32,
    /// Ascends within the domain.
    pub number: u64,
}

/// The last transaction of each domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Domains {
    last: BTreeMap<u32, DomainGtid>,
}

// === impl DomainGtid ===

impl DomainGtid {
    /// # Errors
    /// These are not three numbers.
    pub(super) fn parse(text: &str) -> Result<Self, GtidError> {
        let parts = || {
            let mut parts = text.split('-').map(str::trim);
            let (domain, server, number) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Self {
                domain: domain.parse().ok()?,
                server: server.parse().ok()?,
                number: number.parse().ok()?,
            })
        };
        let reason = "domain, server and number of a MariaDB transaction are numbers, as in 0-1-7";
        parts().ok_or(GtidError { part: text.to_owned(), reason })
    }
}

impl fmt::Display for DomainGtid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}-{}", self.domain, self.server, self.number)
    }
}

// === impl Domains ===

impl Domains {
    pub(super) fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// In the order of the binlog: the new one is the last, whatever its number.
    pub(super) fn add(&mut self, gtid: DomainGtid) {
        self.last.insert(gtid.domain, gtid);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for gtid in other.last.values().filter(|gtid| !self.contains(gtid)).copied().collect::<Vec<_>>() {
            self.add(gtid);
        }
    }

    /// Those of domains that the other does not know.
    pub(super) fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = DomainGtid> + 'a {
        self.last.values().filter(|gtid| !other.last.contains_key(&gtid.domain)).copied()
    }

    pub(super) fn contains(&self, gtid: &DomainGtid) -> bool {
        self.last.get(&gtid.domain).is_some_and(|last| last.number >= gtid.number)
    }

    pub(super) fn contains_all(&self, other: &Self) -> bool {
        other.last.values().all(|gtid| self.contains(gtid))
    }
}

impl fmt::Display for Domains {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, gtid) in self.last.values().enumerate() {
            if index > 0 {
                out.write_str(",")?;
            }
            gtid.fmt(out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::gtid::{DomainGtid, Gtid, GtidSet};

    fn gtid(domain: u32, server: u32, number: u64) -> Gtid {
        Gtid::Domain(DomainGtid { domain, server, number })
    }

    #[test]
    fn the_last_of_a_domain_stands_for_all_before_it() {
        let mut set = GtidSet::parse(" 5-2-9 ,0-1-7").unwrap();
        assert!(set.has_domains() && !set.is_empty());
        assert_eq!(set.to_string(), "0-1-7,5-2-9");
        assert!(set.contains(&gtid(0, 1, 3)) && set.contains(&gtid(0, 9, 7)));
        assert!(!set.contains(&gtid(0, 1, 8)) && !set.contains(&gtid(1, 1, 1)));
        set.add(&gtid(0, 3, 8));
        assert_eq!(set.to_string(), "0-3-8,5-2-9");
        assert!(set.contains_all(&GtidSet::parse("0-1-8").unwrap()));
        assert!(!set.contains_all(&GtidSet::parse("0-1-8,7-1-1").unwrap()));
    }

    #[test]
    fn sets_come_together_at_the_later_of_each_domain() {
        let mut set = GtidSet::parse("0-1-7,5-2-9").unwrap();
        set.merge(&GtidSet::parse("0-1-5,5-3-10,6-1-1").unwrap());
        assert_eq!(set.to_string(), "0-1-7,5-3-10,6-1-1");
    }
}
