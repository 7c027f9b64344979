//! A complaint about the pipeline file, printed the way rustc prints one.

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer};

/// How many problems one refusal holds; a file with more is broken in one way, many times.
const MOST_PROBLEMS: usize = 50;

/// Whether the pipeline can run all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The pipeline is refused.
    Error,
    /// The pipeline runs, but perhaps not as its author expects.
    Warning,
}

/// A place in the file, with the part of its line that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file's name as the operator gave it.
    #[serde(serialize_with = "serialize_text")]
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The source line, values masked unless known to be harmless.
    pub shown: String,
    /// Where the carets begin in `shown`, and how many there are, in characters.
    #[serde(skip)]
    pub(crate) caret: (usize, usize),
}

/// One thing that is wrong with a pipeline file, or doubtful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// One sentence: the thing and the cause.
    pub message: String,
    /// Where; none for what concerns no place in the file.
    #[serde(flatten)]
    pub place: Option<Box<Place>>,
    /// The way out.
    pub hint: Option<String>,
}

/// Everything that is wrong with a pipeline file. Prints one block for each problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// At least one error; warnings may be among them.
    pub problems: Vec<Problem>,
    /// How many more there were.
    pub omitted: usize,
}

/// Collects problems, up to a bound.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    omitted: usize,
    errors: usize,
}

impl Problem {
    /// An error at a place.
    #[must_use]
    pub fn error(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { severity: Severity::Error, message: message.into(), place: place.map(Box::new), hint: None }
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { severity: Severity::Warning, message: message.into(), place: place.map(Box::new), hint: None }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem], omitted: 0 }
    }
}

impl std::error::Error for Refusal {}

fn serialize_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        self.errors += usize::from(problem.severity == Severity::Error);
        if self.list.len() < MOST_PROBLEMS {
            self.list.push(problem);
        } else {
            self.omitted += 1;
        }
    }

    /// Adds an error that is built only if there is still room for it: files of megabytes of mistakes exist.
    pub(crate) fn push_error(&mut self, build: impl FnOnce() -> Problem) {
        if self.list.len() < MOST_PROBLEMS {
            self.push(build());
        } else {
            self.errors += 1;
            self.omitted += 1;
        }
    }

    /// Whether any problem so far refuses the pipeline.
    pub(crate) fn refuse(&self) -> bool {
        self.errors > 0
    }

    /// The warnings if there is no error, everything in the order of the file otherwise.
    pub(crate) fn finish(mut self) -> Result<Vec<Problem>, Refusal> {
        self.list.sort_by_key(|problem| problem.place.as_ref().map(|place| (place.line, place.column)));
        if self.refuse() {
            Err(Refusal { problems: self.list, omitted: self.omitted })
        } else {
            Ok(self.list)
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.message)?;
        let Some(place) = &self.place else {
            return self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n  = {hint}"));
        };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let (start, width) = place.caret;
        write!(f, "\n{margin}--> {}:{}:{}", place.file, place.line, place.column)?;
        write!(f, "\n{margin} |\n{number} | {}", place.shown)?;
        write!(f, "\n{margin} | {}{}", " ".repeat(start), "^".repeat(width.max(1)))?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " {hint}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        if self.omitted > 0 {
            write!(f, "\n\n... and {} more", self.omitted)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_points_at_its_place() {
        let place = Place {
            file: "pipeline.yaml".into(),
            line: 14,
            column: 3,
            shown: "  bucket-num: ***".to_owned(),
            caret: (2, 10),
        };
        let problem =
            Problem::error("unknown option 'bucket-num'", Some(place)).hint("did you mean 'buckets-num'?");
        assert_eq!(
            problem.to_string(),
            "error: unknown option 'bucket-num'\n  --> pipeline.yaml:14:3\n   |\n14 |   bucket-num: ***\n   |   \
             ^^^^^^^^^^ did you mean 'buckets-num'?"
        );
    }

    #[test]
    fn a_flood_of_problems_is_counted_not_kept() {
        let mut problems = Problems::default();
        for _ in 0..MOST_PROBLEMS + 7 {
            problems.push(Problem::error("bad", None));
        }
        let refusal = problems.finish().unwrap_err();
        assert_eq!((refusal.problems.len(), refusal.omitted), (MOST_PROBLEMS, 7));
        assert!(refusal.to_string().ends_with("... and 7 more"));
    }

    #[test]
    fn an_error_beyond_the_bound_still_refuses() {
        let mut problems = Problems::default();
        for _ in 0..MOST_PROBLEMS {
            problems.push(Problem::warning("odd", None));
        }
        problems.push(Problem::error("bad", None));
        assert!(problems.finish().is_err());
    }
}
