use crate::statement::Name;
use crate::statement::tokens::Token;

/// Goes through the tokens of a statement.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    tokens: &'a [Token<'a>],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a [Token<'a>]) -> Self {
        Self { tokens }
    }

    pub(super) fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.first()
    }

    pub(super) fn next(&mut self) -> Option<&'a Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Step over a keyword, where it is the next.
    pub(super) fn skip(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(keyword));
        if found {
            self.next();
        }
        found
    }

    /// Step over keywords, where all of them come next.
    pub(super) fn skip_all(&mut self, keywords: &[&str]) -> bool {
        let found = self.tokens.len() >= keywords.len()
            && keywords.iter().zip(self.tokens).all(|(keyword, token)| token.is(keyword));
        if found {
            self.tokens = &self.tokens[keywords.len()..];
        }
        found
    }

    /// Step over a sign, where it is the next.
    pub(super) fn sign(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        if found {
            self.next();
        }
        found
    }

    /// An identifier, quoted or not.
    pub(super) fn identifier(&mut self) -> Option<String> {
        let identifier = match self.peek()? {
            Token::Word(word) => (*word).to_owned(),
            Token::Quoted(name) => name.clone(),
            Token::Text(_) | Token::Sign(_) => return None,
        };
        self.next();
        Some(identifier)
    }

    /// The next unquoted word, in upper case.
    pub(super) fn word(&mut self) -> Option<String> {
        let Token::Word(word) = self.peek()? else { return None };
        self.next();
        Some(word.to_ascii_uppercase())
    }

    /// A string literal.
    pub(super) fn text(&mut self) -> Option<String> {
        let Token::Text(text) = self.peek()? else { return None };
        self.next();
        Some(text.clone())
    }

    /// An unsigned number.
    pub(super) fn number(&mut self) -> Option<u64> {
        let Token::Word(word) = self.peek()? else { return None };
        let number = word.parse().ok()?;
        self.next();
        Some(number)
    }

    /// The name of a table.
    pub(super) fn name(&mut self) -> Option<Name> {
        let first = self.identifier()?;
        if !self.sign('.') {
            return Some(Name { database: None, table: first });
        }
        Some(Name { database: Some(first), table: self.identifier()? })
    }

    /// What stands in parentheses, where they come next.
    pub(super) fn group(&mut self) -> Option<Cursor<'a>> {
        if self.peek() != Some(&Token::Sign('(')) {
            return None;
        }
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let inside = self.tokens.get(1..at).unwrap_or_default();
                self.tokens = self.tokens.get(at + 1..).unwrap_or_default();
                return Some(Cursor::new(inside));
            }
        }
        // Never closed: everything belongs to it.
        let inside = self.tokens.get(1..).unwrap_or_default();
        self.tokens = &[];
        Some(Cursor::new(inside))
    }

    /// Up to the next comma that is in no parentheses; steps over the comma. None at the end.
    pub(super) fn item(&mut self) -> Option<Cursor<'a>> {
        if self.tokens.is_empty() {
            return None;
        }
        let mut depth = 0_usize;
        let comma = self.tokens.iter().position(|token| {
            match token {
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth = depth.saturating_sub(1),
                Token::Sign(',') => return depth == 0,
                _ => {}
            }
            false
        });
        let end = comma.unwrap_or(self.tokens.len());
        let item = self.tokens.get(..end).unwrap_or_default();
        self.tokens = self.tokens.get(end + 1..).unwrap_or_default();
        Some(Cursor::new(item))
    }

    /// The first words, for messages.
    pub(super) fn shown(&self) -> String {
        let words = self.tokens.iter().take(6).map(|token| match token {
            Token::Word(word) => (*word).to_owned(),
            Token::Quoted(name) => format!("`{name}`"),
            Token::Text(_) => "'…'".to_owned(),
            Token::Sign(sign) => sign.to_string(),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}
