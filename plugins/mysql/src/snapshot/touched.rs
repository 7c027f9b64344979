//! Which keys the binlog touched while chunks are read.
//!
//! A keyed table's events are all returned as the tail meets them. A chunk's row is returned only if no event touched its
//! key since the chunk was registered: otherwise the event, which holds the whole row, has said what became of it, and
//! the row may be older.
//!
//! Keys are compared byte by byte, even where the collation says that `'a'` and `'A'` are one key. That is enough. The
//! row that a select returns is one version of a row, and its key bytes are those of the event that made the version.
//! If an event made or ended that version, the bytes are in its after or before image, and both count: an update of
//! `'a'` to `'A'` touches both. If no event did, the version is the newest and belongs into the chunk, whatever other
//! spellings of its key were touched. And the sink tells keys apart by their bytes, too: such an update reaches it as a
//! delete of `'a'` and an insert of `'A'`.

use std::collections::{HashMap, VecDeque};

/// Keys with the number of the last touch.
#[derive(Debug, Default)]
pub struct Touched {
    keys: HashMap<Box<[u8]>, u64>,
    last: u64,
    /// Numbers of touches at points in time, nanoseconds of the monotonic clock.
    marks: VecDeque<(u64, u64)>,
}

// === impl Touched ===

impl Touched {
    /// An event has this key, in its before or after image.
    pub fn touch(&mut self, key: &[u8]) {
        self.last += 1;
        match self.keys.get_mut(key) {
            Some(number) => *number = self.last,
            None => drop(self.keys.insert(key.into(), self.last)),
        }
    }

    /// Now: what is touched later has a greater number.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.last
    }

    /// Whether the key was touched after that point.
    #[must_use]
    pub fn is_touched_since(&self, key: &[u8], since: u64) -> bool {
        self.keys.get(key).is_some_and(|number| *number > since)
    }

    /// Whether any key was touched after that point.
    #[must_use]
    pub fn any_since(&self, since: u64) -> bool {
        self.last > since && !self.keys.is_empty()
    }

    /// Remember which touches came before `time`.
    pub fn mark(&mut self, time: u64) {
        if self.marks.back().is_none_or(|(_, number)| *number != self.last) {
            self.marks.push_back((time, self.last));
        }
    }

    /// The point that everything before `time` came before. Touches since the last mark before `time` count as later.
    pub fn at(&mut self, time: u64) -> u64 {
        while self.marks.get(1).is_some_and(|(marked, _)| *marked <= time) {
            self.marks.pop_front();
        }
        self.marks.front().filter(|(marked, _)| *marked <= time).map_or(0, |(_, number)| *number)
    }

    /// Forget touches up to and including that point.
    pub fn forget(&mut self, upto: u64) {
        if upto >= self.last {
            self.keys.clear();
        } else {
            self.keys.retain(|_, number| *number > upto);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_counts_for_those_who_came_before_it() {
        let mut touched = Touched::default();
        touched.touch(b"a");
        let since = touched.now();
        touched.touch(b"b");
        assert!(touched.is_touched_since(b"a", 0) && !touched.is_touched_since(b"a", since));
        assert!(touched.is_touched_since(b"b", since));
        touched.touch(b"a");
        assert!(touched.is_touched_since(b"a", since));
        touched.forget(since);
        assert!(touched.any_since(since) && touched.is_touched_since(b"b", since));
    }

    #[test]
    fn a_point_in_the_past_includes_no_touch_after_it() {
        let mut touched = Touched::default();
        touched.mark(10);
        touched.touch(b"a");
        touched.mark(20);
        touched.touch(b"b");
        touched.mark(30);
        let early = touched.at(15);
        assert!(touched.is_touched_since(b"a", early));
        let later = touched.at(25);
        assert!(!touched.is_touched_since(b"a", later) && touched.is_touched_since(b"b", later));
    }
}
