//! One YAML document as a tree in which every key and value knows its place.
//!
//! A subset of YAML on purpose: one document, text keys, no aliases, anchors, merge keys or tags. Scalars keep
//! their text as written (`3306`, `true`, `1.10`), as Flink CDC turns them into strings. Without aliases a tree
//! is never larger than its file.

use std::{collections::HashSet, mem, sync::Arc};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use zeroize::Zeroizing;

use super::problem::{Place, Problem};

/// Far beyond any pipeline file, far below what would hurt.
const LARGEST: usize = 16 << 20;
/// The grammar needs five levels.
const DEEPEST: usize = 32;
/// Longest part of a line that a problem shows, in characters.
const WIDEST: usize = 160;
/// How far into a line a problem looks, in characters. Whoever writes a file of megabytes in one line is told
/// the column; looking there for every problem would take time in proportion to its square.
const FARTHEST: usize = 2_000;

/// The text of a file, for showing lines of it.
pub(crate) struct Document {
    file: Arc<str>,
    text: Zeroizing<String>,
    /// Byte range of each line, without its break.
    lines: Vec<(usize, usize)>,
}

/// A point of the file: line from 1, column from 0, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// From a point to a point, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) start: Point,
    pub(crate) end: Point,
}

/// A value with its place. No `Debug`: it may hold a secret.
pub(crate) struct Node {
    pub(crate) extent: Extent,
    pub(crate) value: Value,
}

pub(crate) enum Value {
    /// `~`, `null` or nothing.
    Null,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// `key: value`.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Extent,
    pub(crate) value: Node,
}

/// A list or map that is still open.
enum Open {
    List(Extent, Vec<Node>),
    Map { at: Extent, entries: Vec<Entry>, seen: HashSet<String>, key: Option<(String, Extent)> },
}

impl Node {
    /// What a person calls this kind of value.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

impl Document {
    /// Decodes UTF-8 and parses one document.
    ///
    /// # Errors
    /// A problem that shows no value of the file.
    pub(crate) fn parse(bytes: &[u8], file: &str) -> Result<(Self, Node), Problem> {
        let file: Arc<str> = file.into();
        if bytes.len() > LARGEST {
            let message = format!("{file} has {} bytes; a pipeline file has at most {LARGEST}", bytes.len());
            return Err(Problem::error(message, None));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(&file, bytes, error.valid_up_to()))?;
        // A byte order mark is no part of the text; with it, columns of the first line would be off by one.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = Self { file, text: Zeroizing::new(text.to_owned()), lines: line_ranges(text) };
        let root = document.tree()?;
        Ok((document, root))
    }

    /// The file's name as the operator gave it.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    fn tree(&self) -> Result<Node, Problem> {
        let mut stack: Vec<Open> = Vec::new();
        let mut root: Option<Node> = None;
        let mut documents = 0;
        let mut parser = Parser::new_from_str(&self.text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax_error(&error))?;
            let at = extent(span);
            let node = match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing => continue,
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(self
                            .guarded("a pipeline file holds one YAML document", at.start)
                            .hint("remove everything from this `---` on"));
                    }
                    continue;
                }
                Event::Alias(_) => return Err(self.unsupported("an alias (`*name`)", at.start)),
                Event::Scalar(_, _, anchor, ref tag) => {
                    self.plain_only(anchor, tag.is_some(), at.start)?;
                    let Event::Scalar(text, style, ..) = event else { continue };
                    self.scalar(text.into_owned(), style, at, &mut stack)?
                }
                Event::SequenceStart(anchor, tag) => {
                    self.plain_only(anchor, tag.is_some(), at.start)?;
                    self.open(&mut stack, Open::List(at, Vec::new()), at.start)?;
                    None
                }
                Event::MappingStart(anchor, tag) => {
                    self.plain_only(anchor, tag.is_some(), at.start)?;
                    let map = Open::Map { at, entries: Vec::new(), seen: HashSet::new(), key: None };
                    self.open(&mut stack, map, at.start)?;
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                    Some(Open::List(at, items)) => Some(Node { extent: at, value: Value::List(items) }),
                    Some(Open::Map { at, entries, .. }) => {
                        Some(Node { extent: at, value: Value::Map(entries) })
                    }
                    None => None,
                },
            };
            let Some(node) = node else { continue };
            match stack.last_mut() {
                None => root = Some(node),
                Some(Open::List(_, items)) => items.push(node),
                Some(Open::Map { entries, key, .. }) => {
                    if let Some((key, at)) = key.take() {
                        entries.push(Entry { key, at, value: node });
                    }
                }
            }
        }
        let start = Point { line: 1, column: 0 };
        Ok(root.unwrap_or(Node { extent: Extent { start, end: start }, value: Value::Null }))
    }

    /// Takes a scalar as the key that a map is waiting for, or makes it a value.
    fn scalar(
        &self,
        text: String,
        style: ScalarStyle,
        at: Extent,
        stack: &mut [Open],
    ) -> Result<Option<Node>, Problem> {
        if let Some(Open::Map { seen, key: key @ None, .. }) = stack.last_mut() {
            if text == "<<" {
                return Err(self.unsupported("a merge key (`<<`)", at.start));
            }
            if !seen.insert(text.clone()) {
                let message = format!("duplicate key '{}'", visible(&text));
                return Err(Problem::error(message, Some(self.at_key(&text, at)))
                    .hint("each key may be given once; remove one"));
            }
            *key = Some((text, at));
            return Ok(None);
        }
        let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
        Ok(Some(Node { extent: at, value: if null { Value::Null } else { Value::Scalar(text) } }))
    }

    fn open(&self, stack: &mut Vec<Open>, open: Open, at: Point) -> Result<(), Problem> {
        if let Some(Open::Map { key: None, .. }) = stack.last() {
            return Err(self
                .guarded("a key is a single word, not a list or a map", at)
                .hint("quote the value if it is a text that begins with `{`, `[` or `?`"));
        }
        if stack.len() >= DEEPEST {
            return Err(self.guarded("nested deeper than any pipeline file needs", at));
        }
        stack.push(open);
        Ok(())
    }

    fn plain_only(&self, anchor: usize, tagged: bool, at: Point) -> Result<(), Problem> {
        if anchor != 0 {
            return Err(self.unsupported("an anchor (`&name`)", at));
        }
        if tagged {
            return Err(self.unsupported("a tag (`!name`)", at));
        }
        Ok(())
    }

    fn unsupported(&self, what: &str, at: Point) -> Problem {
        self.guarded(&format!("{what} is not supported in a pipeline file"), at)
            .hint("write the value out; quote a text that begins with `*`, `&`, `!` or `<<`")
    }

    fn syntax_error(&self, error: &saphyr_parser::ScanError) -> Problem {
        let at = point(*error.marker());
        let info = error.info();
        // Names a character of the value, which may be a secret's first.
        if info.starts_with("unexpected character") {
            let hint = "quote the value";
            return self.guarded("not YAML: no value begins with this character", at).hint(hint);
        }
        let problem = self.guarded(&format!("not YAML: {info}"), at);
        match self.line(at.line).contains('\t') {
            true => problem.hint("YAML indents with spaces; this line has a tab"),
            false => problem.hint("check indentation, quotes and brackets here and in the line above"),
        }
    }

    fn guarded(&self, message: &str, at: Point) -> Problem {
        Problem::error(message, Some(self.at_unknown(at)))
    }

    fn line(&self, number: usize) -> &str {
        let range = number.checked_sub(1).and_then(|index| self.lines.get(index));
        range.and_then(|&(start, end)| self.text.get(start..end)).unwrap_or_default()
    }

    /// A key, and of its value no more than that there is one.
    pub(crate) fn at_entry(&self, entry: &Entry) -> Place {
        let shown = match entry.value.value {
            Value::Scalar(_) => ": ***",
            _ => ":",
        };
        self.focus(entry.at.start, &self.written(&entry.key, entry.at), shown)
    }

    /// A key whose value may be secret.
    pub(crate) fn at_key(&self, key: &str, at: Extent) -> Place {
        self.focus(at.start, &self.written(key, at), ": ***")
    }

    /// The value of a key that is known to be harmless.
    pub(crate) fn at_value(&self, key: &str, at: Extent, value: Extent) -> Place {
        if value.start.line != value.end.line || value.start == value.end || value.start.column > FARTHEST {
            return self.at_key(key, at);
        }
        if at.start.line != value.start.line {
            return self.focus(value.start, &self.slice(value), "");
        }
        let lead = prefix(self.line(at.start.line), at.start.column);
        let between = self.slice(Extent { start: at.start, end: value.start });
        let shown = format!("{lead}{between}{}", self.slice(value));
        let start = lead.chars().count() + between.chars().count();
        self.place(value.start, &shown, start, self.slice(value).chars().count())
    }

    /// A value that is known to be harmless, without its key.
    pub(crate) fn at_node(&self, extent: Extent) -> Place {
        let first_line = Extent {
            end: if extent.end.line == extent.start.line {
                extent.end
            } else {
                Point { line: extent.start.line, column: usize::MAX }
            },
            ..extent
        };
        self.focus(extent.start, &self.slice(first_line), "")
    }

    /// A map or a list as a whole: only where it begins.
    pub(crate) fn at_start(&self, extent: Extent) -> Place {
        self.at_unknown(extent.start)
    }

    /// A point of which nothing is known: its line with everything masked but a leading key.
    fn at_unknown(&self, at: Point) -> Place {
        let line = self.line(at.line);
        let body = line.trim_start_matches([' ', '\t', '-']);
        let lead: String = line[..line.len() - body.len()].replace('\t', " ");
        let end = body.char_indices().take(WIDEST).find(|(_, c)| matches!(c, ':' | ' '));
        let word = &body[..end.map_or(0, |(end, _)| end)];
        let key = !word.is_empty()
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            && body[word.len()..].starts_with(':')
            && matches!(body[word.len() + 1..].chars().next(), None | Some(' '));
        let shown = match (key, body.is_empty()) {
            (true, _) if body.len() <= word.len() + 1 => format!("{lead}{word}:"),
            (true, _) => format!("{lead}{word}: ***"),
            (false, true) => lead,
            (false, false) => format!("{lead}***"),
        };
        let caret = at.column.min(shown.chars().count());
        self.place(at, &shown, caret, 1)
    }

    /// `prefix`, focus with carets, tail.
    fn focus(&self, at: Point, focus: &str, tail: &str) -> Place {
        let lead = prefix(self.line(at.line), at.column);
        let shown = format!("{lead}{focus}{tail}");
        self.place(at, &shown, lead.chars().count(), focus.chars().count())
    }

    fn place(&self, at: Point, shown: &str, start: usize, width: usize) -> Place {
        let clean = visible(shown);
        let length = clean.chars().count();
        Place {
            file: self.file.clone(),
            line: at.line,
            column: at.column + 1,
            shown: clean,
            caret: (start.min(length), width.min(length.saturating_sub(start)).max(1)),
        }
    }

    /// A key as it stands in the file, quotes included.
    fn written(&self, key: &str, at: Extent) -> String {
        let slice = if at.start.line == at.end.line { self.slice(at) } else { String::new() };
        if slice.is_empty() { key.to_owned() } else { slice }
    }

    /// The part of one line that an extent covers.
    fn slice(&self, extent: Extent) -> String {
        if extent.start.column > FARTHEST {
            return String::new();
        }
        let length = extent.end.column.saturating_sub(extent.start.column);
        let part: String =
            self.line(extent.start.line).chars().skip(extent.start.column).take(length).collect();
        part.trim_end().to_owned() + if part.ends_with(' ') && length < usize::MAX { " " } else { "" }
    }
}

/// What stands before a column, if it is but indentation and dashes; a mark of omission otherwise.
fn prefix(line: &str, column: usize) -> String {
    let bare = column <= FARTHEST && line.chars().take(column).all(|c| matches!(c, ' ' | '-'));
    if bare { line.chars().take(column).collect() } else { "... ".to_owned() }
}

/// Text without anything that a terminal would obey, and no wider than a screen or two.
pub(crate) fn visible(text: &str) -> String {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown: String =
        text.chars().take(WIDEST).map(|c| if invisible(c) { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(WIDEST).is_some() {
        shown.push_str("...");
    }
    shown
}

fn line_ranges(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut lines = Vec::new();
    let mut start = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if index > 0 && bytes[index - 1] == b'\r' => start = index + 1,
            b'\n' | b'\r' => lines.push((mem::replace(&mut start, index + 1), index)),
            _ => {}
        }
    }
    lines.push((start.min(bytes.len()), bytes.len()));
    lines
}

fn not_utf8(file: &Arc<str>, bytes: &[u8], valid: usize) -> Problem {
    let before = &bytes[..valid];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |index| index + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    let place = Place { file: file.clone(), line, column, shown: "***".to_owned(), caret: (0, 3) };
    Problem::error("the file is not UTF-8 text", Some(place)).hint("save it as UTF-8")
}

fn point(marker: Marker) -> Point {
    Point { line: marker.line(), column: marker.col() }
}

fn extent(span: Span) -> Extent {
    Extent { start: point(span.start), end: point(span.end) }
}

#[cfg(test)]
mod tests;
