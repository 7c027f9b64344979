//! "Did you mean": the known word nearest to an unknown one.

/// Longer words are not misspelt options.
const LONGEST: usize = 64;

/// The candidate that `word` most likely misspells, if any is near enough.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.chars().count() > LONGEST {
        return None;
    }
    let word = fold(word);
    let allowed = word.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let known = fold(candidate);
            let distance = strsim::osa_distance(&word, &known);
            let likeness = strsim::jaro_winkler(&word, &known);
            (distance <= allowed || likeness >= 0.88).then_some((candidate, distance, likeness))
        })
        .min_by(|a, b| a.1.cmp(&b.1).then(b.2.total_cmp(&a.2)))
        .map(|(candidate, ..)| candidate)
}

/// The hint for an unknown word: the nearest known one, or all of them while they are few.
pub(crate) fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean '{near}'?"));
    }
    let all: Vec<&str> = known.into_iter().collect();
    (1..=16).contains(&all.len()).then(|| format!("known here: {}", all.join(", ")))
}

/// `access_key`, `accessKey`-like spellings and case are no distance.
fn fold(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: [&str; 5] = ["buckets-num", "access-id", "access-key", "endpoint", "username"];

    #[test]
    fn a_typo_finds_its_option() {
        assert_eq!(nearest("bucket-num", OPTIONS), Some("buckets-num"));
        assert_eq!(nearest("ACCESS_KEY", OPTIONS), Some("access-key"));
        assert_eq!(nearest("user", OPTIONS), Some("username"));
    }

    #[test]
    fn a_stranger_finds_nothing() {
        assert_eq!(nearest("zookeeper", OPTIONS), None);
        assert_eq!(nearest("", OPTIONS), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), OPTIONS), None);
        let hint = suggest("zookeeper", OPTIONS).unwrap();
        assert!(hint.starts_with("known here: buckets-num, "), "{hint}");
    }
}
