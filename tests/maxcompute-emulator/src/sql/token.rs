use std::fmt;

/// Line and column, both from 1, as MaxCompute prints them in `[line,column]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Character in the line, from 1.
    pub column: u32,
}

/// SQL text that cannot be parsed. [`Display`](fmt::Display) gives the message of a failed task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// Where the first offending token starts.
    pub position: Position,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "ODPS-0130161:[{line},{column}] Parse exception - {}", self.message)
    }
}

impl std::error::Error for SqlError {}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name; `quoted` in backticks, which keep it from being a keyword.
    Word { text: String, quoted: bool },
    /// A string literal with its escapes resolved.
    Text(String),
    /// Digits, with an optional fraction and exponent.
    Number(String),
    /// Any other single character.
    Symbol(char),
    /// The end of the text.
    End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) position: Position,
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word { text, quoted: true } => write!(f, "'`{text}`'"),
            Self::Word { text, .. } | Self::Number(text) => write!(f, "'{text}'"),
            Self::Text(text) => write!(f, "the string '{text}'"),
            Self::Symbol(symbol) => write!(f, "'{symbol}'"),
            Self::End => f.write_str("the end of the statement"),
        }
    }
}

/// Splits SQL into tokens, ending with [`TokenKind::End`]. Comments (`-- …`, `/* … */`) are left out.
pub(super) fn tokenize(sql: &str) -> Result<Vec<Token>, SqlError> {
    let mut scanner = Scanner { rest: sql.chars().peekable(), position: Position { line: 1, column: 1 } };
    let mut tokens = Vec::new();
    loop {
        let token = scanner.token()?;
        let end = token.kind == TokenKind::End;
        tokens.push(token);
        if end {
            return Ok(tokens);
        }
    }
}

struct Scanner<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    position: Position,
}

impl Scanner<'_> {
    fn bump(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.position = Position { line: self.position.line + 1, column: 1 };
        } else {
            self.position.column += 1;
        }
        Some(c)
    }

    fn bump_if(&mut self, wanted: char) -> bool {
        let found = self.rest.peek() == Some(&wanted);
        if found {
            self.bump();
        }
        found
    }

    fn take_while(&mut self, into: &mut String, keep: impl Fn(char) -> bool) {
        while self.rest.peek().is_some_and(|c| keep(*c)) {
            into.extend(self.bump());
        }
    }

    fn token(&mut self) -> Result<Token, SqlError> {
        loop {
            let position = self.position;
            let Some(c) = self.bump() else { return Ok(Token { kind: TokenKind::End, position }) };
            let kind = match c {
                c if c.is_whitespace() => continue,
                '-' if self.bump_if('-') => {
                    self.take_while(&mut String::new(), |c| c != '\n');
                    continue;
                }
                '/' if self.bump_if('*') => {
                    self.block_comment(position)?;
                    continue;
                }
                '`' => TokenKind::Word { text: self.quoted_name(position)?, quoted: true },
                '\'' | '"' => TokenKind::Text(self.text(c, position)?),
                c if c.is_alphabetic() || c == '_' => {
                    let mut text = String::from(c);
                    self.take_while(&mut text, |c| c.is_alphanumeric() || c == '_' || c == '$');
                    TokenKind::Word { text, quoted: false }
                }
                c if c.is_ascii_digit() => self.number(c),
                c => TokenKind::Symbol(c),
            };
            return Ok(Token { kind, position });
        }
    }

    /// Digits, and a fraction and an exponent if digits follow: `1.5e-3` is one number, `1.t` is not.
    fn number(&mut self, first: char) -> TokenKind {
        let mut text = String::from(first);
        self.take_while(&mut text, |c| c.is_ascii_digit());
        let mut ahead = self.rest.clone();
        if ahead.next() == Some('.') && ahead.next().is_some_and(|c| c.is_ascii_digit()) {
            text.extend(self.bump());
            self.take_while(&mut text, |c| c.is_ascii_digit());
        }
        let mut ahead = self.rest.clone();
        if matches!(ahead.next(), Some('e' | 'E')) {
            let sign = ahead.next_if(|c| matches!(c, '+' | '-'));
            if ahead.next().is_some_and(|c| c.is_ascii_digit()) {
                text.extend(self.bump());
                if sign.is_some() {
                    text.extend(self.bump());
                }
                self.take_while(&mut text, |c| c.is_ascii_digit());
            }
        }
        TokenKind::Number(text)
    }

    fn block_comment(&mut self, position: Position) -> Result<(), SqlError> {
        while let Some(c) = self.bump() {
            if c == '*' && self.bump_if('/') {
                return Ok(());
            }
        }
        Err(unfinished(position, "comment", "*/"))
    }

    fn quoted_name(&mut self, position: Position) -> Result<String, SqlError> {
        let mut text = String::new();
        while let Some(c) = self.bump() {
            if c != '`' {
                text.push(c);
            } else if self.bump_if('`') {
                text.push('`');
            } else {
                return Ok(text);
            }
        }
        Err(unfinished(position, "quoted name", "`"))
    }

    /// Resolves the escapes of MaxCompute string literals; an unknown one stands for its character, but `\%` and `\_` keep
    /// their backslash for LIKE.
    fn text(&mut self, quote: char, position: Position) -> Result<String, SqlError> {
        let mut text = String::new();
        while let Some(c) = self.bump() {
            if c == quote {
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match self.bump() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('b') => text.push('\u{8}'),
                Some('0') => text.push('\0'),
                Some('Z') => text.push('\u{1a}'),
                Some('u') => text.push(self.unicode_escape(position)?),
                Some(kept @ ('%' | '_')) => text.extend(['\\', kept]),
                Some(other) => text.push(other),
                None => break,
            }
        }
        Err(unfinished(position, "string", &quote.to_string()))
    }

    fn unicode_escape(&mut self, position: Position) -> Result<char, SqlError> {
        let digits: String = (0..4).filter_map(|_| self.bump()).collect();
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(|| SqlError {
            position,
            message: format!("'\\u{digits}' in a string is no character; write four hexadecimal digits"),
        })
    }
}

fn unfinished(position: Position, what: &str, end: &str) -> SqlError {
    SqlError { position, message: format!("the {what} that starts here has no end; close it with {end}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sql: &str) -> Vec<TokenKind> {
        tokenize(sql).unwrap().into_iter().map(|token| token.kind).collect()
    }

    fn word(text: &str, quoted: bool) -> TokenKind {
        TokenKind::Word { text: text.to_owned(), quoted }
    }

    #[test]
    fn names_strings_and_numbers_are_told_apart() {
        assert_eq!(
            kinds("a.`b``c` 'it\\'s' \"x\" 12 1.5e-3"),
            [
                word("a", false),
                TokenKind::Symbol('.'),
                word("b`c", true),
                TokenKind::Text("it's".into()),
                TokenKind::Text("x".into()),
                TokenKind::Number("12".into()),
                TokenKind::Number("1.5e-3".into()),
                TokenKind::End,
            ]
        );
    }

    #[test]
    fn comments_are_left_out_and_positions_count_from_one() {
        let tokens = tokenize("-- first\n /* a\n b */ x").unwrap();
        assert_eq!(tokens[0].kind, word("x", false));
        assert_eq!(tokens[0].position, Position { line: 3, column: 7 });
    }

    #[test]
    fn an_open_string_is_an_error_at_its_start() {
        let error = tokenize("select 'abc").unwrap_err();
        assert_eq!(error.position, Position { line: 1, column: 8 });
        assert!(error.to_string().starts_with("ODPS-0130161:[1,8]"), "{error}");
        assert!(tokenize("`abc").is_err());
        assert!(tokenize("/* abc").is_err());
        assert!(tokenize("'\\u12").is_err());
    }
}
