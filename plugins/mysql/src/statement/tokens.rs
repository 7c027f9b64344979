use crate::binlog::query::{ANSI_QUOTES, NO_BACKSLASH_ESCAPES};

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// An unquoted identifier, keyword or number.
    Word(&'a str),
    /// A quoted identifier, without its quotes.
    Quoted(String),
    /// A string literal, without its quotes.
    Text(String),
    /// Anything else, one character at a time.
    Sign(char),
}

/// Cuts a statement into pieces. Comments are skipped, but for those that MySQL executes (`/*! … */`).
pub(crate) struct Tokens<'a> {
    rest: &'a str,
    ansi_quotes: bool,
    backslash_escapes: bool,
}

// === impl Token ===

impl Token<'_> {
    /// Whether it is this keyword.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

// === impl Tokens ===

impl<'a> Tokens<'a> {
    pub(crate) fn new(sql: &'a str, sql_mode: u64) -> Self {
        Self {
            rest: sql,
            ansi_quotes: sql_mode & ANSI_QUOTES != 0,
            backslash_escapes: sql_mode & NO_BACKSLASH_ESCAPES == 0,
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Skip blanks and comments.
    fn blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let bytes = self.rest.as_bytes();
            let line_comment = bytes.starts_with(b"#")
                || (bytes.starts_with(b"--") && bytes.get(2).is_none_or(u8::is_ascii_whitespace));
            if line_comment {
                self.advance(self.rest.find('\n').map_or(self.rest.len(), |at| at + 1));
            } else if let Some(inside) =
                self.rest.strip_prefix("/*!").or_else(|| self.rest.strip_prefix("/*M!"))
            {
                // Code for servers of at least this version.
                self.rest = inside.trim_start_matches(|char: char| char.is_ascii_digit());
            } else if bytes.starts_with(b"/*") {
                self.advance(self.rest.find("*/").map_or(self.rest.len(), |at| at + 2));
            } else if bytes.starts_with(b"*/") {
                self.advance(2);
            } else {
                return;
            }
        }
    }

    /// What stands between quotes; a doubled quote stands for itself.
    fn quoted(&mut self, quote: char, escapes: bool) -> String {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((_, char)) = chars.next() {
            if char == '\\' && escapes {
                text.extend(chars.next().map(|(_, char)| unescaped(char)));
            } else if char != quote {
                text.push(char);
            } else if chars.next_if(|(_, next)| *next == quote).is_some() {
                text.push(quote);
            } else {
                break;
            }
        }
        let end = chars.peek().map_or(self.rest.len(), |(at, _)| *at);
        self.advance(end);
        text
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.blank();
        let first = self.rest.chars().next()?;
        Some(match first {
            '`' => Token::Quoted(self.quoted('`', false)),
            '"' if self.ansi_quotes => Token::Quoted(self.quoted('"', false)),
            '"' | '\'' => Token::Text(self.quoted(first, self.backslash_escapes)),
            _ if is_word(first) => {
                let end = self.rest.find(|char| !is_word(char)).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                Token::Word(word)
            }
            _ => {
                self.advance(first.len_utf8());
                Token::Sign(first)
            }
        })
    }
}

/// What a backslash and a character stand for.
fn unescaped(char: char) -> char {
    match char {
        '0' => '\0',
        'b' => '\u{8}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'Z' => '\u{1a}',
        other => other,
    }
}

/// Characters of unquoted identifiers: letters, digits, `_`, `$` and everything beyond ASCII.
fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || char == '$' || !char.is_ascii()
}
