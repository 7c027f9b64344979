use crate::http::{Operation, Request};

/// Which requests a fault is about; an empty pattern fits all.
#[derive(Clone, Debug, Default)]
pub(super) struct Pattern {
    pub(super) operation: Option<Operation>,
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    pub(super) parameters: Vec<(String, Option<String>)>,
}

impl Pattern {
    pub(super) fn fits(&self, operation: Option<Operation>, request: &Request) -> bool {
        let path = request.target.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/api").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let parameters = request.parameters();
        self.operation.is_none_or(|wanted| operation == Some(wanted))
            && self.method.as_ref().is_none_or(|wanted| request.method.as_str() == wanted)
            && self.path.as_ref().is_none_or(|glob| matches(glob.as_bytes(), path.as_bytes()))
            && self.parameters.iter().all(|(name, value)| match value {
                Some(value) => parameters.get(name) == Some(value),
                None => parameters.has(name),
            })
    }
}

/// Whether `glob`, in which `*` stands for any bytes, is the whole text.
fn matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut at, mut pos) = (0, 0);
    // The last star, and where what follows it is tried next. Only the last one needs to take more: what an earlier one
    // took, it may keep.
    let mut star: Option<(usize, usize)> = None;
    while pos < text.len() {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at, pos));
                at += 1;
            }
            Some(byte) if text.get(pos) == Some(byte) => (at, pos) = (at + 1, pos + 1),
            _ => match star {
                Some((after, taken)) => {
                    (at, pos) = (after + 1, taken + 1);
                    star = Some((after, taken + 1));
                }
                None => return false,
            },
        }
    }
    glob.iter().skip(at).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        let fits = |glob: &str, text: &str| matches(glob.as_bytes(), text.as_bytes());
        assert!(fits("*/upserts", "/projects/p/tables/t/upserts"));
        assert!(fits("/projects/*/tables/*", "/projects/p/tables/t/upserts"));
        assert!(fits("*", "") && fits("", "") && fits("a", "a"));
        assert!(!fits("*/upserts", "/projects/p/tables/t"));
        assert!(!fits("a", "ab") && !fits("", "a"));
        assert!(fits("a*b*c", "abbcbc") && fits("**a**", "ba") && !fits("a*b*c", "acb"));
    }

    #[test]
    fn many_stars_are_not_tried_in_every_combination() {
        let text = [b'a'; 5000];
        let mut glob = b"*a".repeat(50);
        assert!(matches(&glob, &text));
        glob.push(b'b');
        assert!(!matches(&glob, &text));
    }
}
