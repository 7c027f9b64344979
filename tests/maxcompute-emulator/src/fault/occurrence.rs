/// Which of the requests that fit are met; they are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurrence {
    Nth(u64),
    First(u64),
    Every(u64),
}

impl Occurrence {
    pub(super) fn meets(self, count: u64) -> bool {
        match self {
            Self::Nth(nth) => count == nth,
            Self::First(first) => count <= first,
            Self::Every(every) => count.is_multiple_of(every),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occurrences_meet_the_requests_that_they_name() {
        let met = |occurrence: Occurrence| (1..=6).filter(|n| occurrence.meets(*n)).collect::<Vec<u64>>();
        assert_eq!(met(Occurrence::Nth(3)), [3]);
        assert_eq!(met(Occurrence::First(2)), [1, 2]);
        assert_eq!(met(Occurrence::Every(2)), [2, 4, 6]);
        assert_eq!(met(Occurrence::Every(1)).len(), 6);
    }
}
