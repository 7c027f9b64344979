//! MaxCompute's types: [`OdpsType::parse`] reads what the service answers, `Display` writes what DDL wants.

use std::fmt;

use crate::sql::identifier;

/// A type of MaxCompute 2.0. Field names of structs compare without case.
#[derive(Clone, Debug, Eq)]
#[allow(missing_docs, reason = "named as in MaxCompute's documentation")]
pub enum OdpsType {
    Boolean,
    Tinyint,
    Smallint,
    Int,
    Bigint,
    Float,
    Double,
    /// Precision and scale; without both it is (54, 18).
    Decimal(u8, u8),
    Char(u32),
    Varchar(u32),
    String,
    Binary,
    Date,
    Datetime,
    Timestamp,
    TimestampNtz,
    Json,
    Array(Box<OdpsType>),
    Map(Box<OdpsType>, Box<OdpsType>),
    Struct(Vec<(String, OdpsType)>),
    /// A type that the sink never writes, as the service named it.
    Other(String),
}

/// Why a text is no type.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is no MaxCompute type: {expected} expected at byte {at}")]
pub struct InvalidType {
    text: String,
    at: usize,
    expected: &'static str,
}

/// Nesting beyond this is refused, so that no answer exhausts the stack.
const DEEPEST: usize = 64;

// === impl OdpsType ===

impl OdpsType {
    /// Read a type in any case, with or without blanks and backticks.
    ///
    /// # Errors
    /// The text does not follow the grammar; unknown names are [`OdpsType::Other`].
    pub fn parse(text: &str) -> Result<Self, InvalidType> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let parsed = parser.r#type()?;
        if parser.peek().is_some() {
            return Err(parser.expected("the end"));
        }
        Ok(parsed)
    }
}

impl PartialEq for OdpsType {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Decimal(p, s), Self::Decimal(q, t)) => (p, s) == (q, t),
            (Self::Char(n), Self::Char(m)) | (Self::Varchar(n), Self::Varchar(m)) => n == m,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Map(k, v), Self::Map(l, w)) => k == l && v == w,
            (Self::Struct(a), Self::Struct(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|((n, t), (m, u))| n.to_lowercase() == m.to_lowercase() && t == u)
            }
            (Self::Other(a), Self::Other(b)) => a.eq_ignore_ascii_case(b),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl fmt::Display for OdpsType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Boolean => "BOOLEAN",
            Self::Tinyint => "TINYINT",
            Self::Smallint => "SMALLINT",
            Self::Int => "INT",
            Self::Bigint => "BIGINT",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Decimal(54, 18) => "DECIMAL",
            Self::Decimal(precision, scale) => return write!(out, "DECIMAL({precision},{scale})"),
            Self::Char(length) => return write!(out, "CHAR({length})"),
            Self::Varchar(length) => return write!(out, "VARCHAR({length})"),
            Self::String => "STRING",
            Self::Binary => "BINARY",
            Self::Date => "DATE",
            Self::Datetime => "DATETIME",
            Self::Timestamp => "TIMESTAMP",
            Self::TimestampNtz => "TIMESTAMP_NTZ",
            Self::Json => "JSON",
            Self::Array(element) => return write!(out, "ARRAY<{element}>"),
            Self::Map(key, value) => return write!(out, "MAP<{key},{value}>"),
            Self::Struct(fields) => {
                out.write_str("STRUCT<")?;
                for (index, (name, r#type)) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(out, "{comma}{}:{type}", identifier(name))?;
                }
                return out.write_str(">");
            }
            Self::Other(name) => name,
        };
        out.write_str(name)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn expected(&self, expected: &'static str) -> InvalidType {
        InvalidType { text: self.text.to_owned(), at: self.at, expected }
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn require(&mut self, wanted: char, expected: &'static str) -> Result<(), InvalidType> {
        if self.eat(wanted) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn word(&mut self, expected: &'static str) -> Result<&'a str, InvalidType> {
        self.peek();
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if length == 0 {
            return Err(self.expected(expected));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    /// A field name: a word, or anything between backticks.
    fn name(&mut self) -> Result<String, InvalidType> {
        if !self.eat('`') {
            return self.word("a field name").map(str::to_owned);
        }
        let mut name = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find('`') else { return Err(self.expected("a closing backtick")) };
            name.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.text[self.at..].starts_with('`') {
                return Ok(name);
            }
            name.push('`');
            self.at += 1;
        }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, InvalidType> {
        self.peek();
        let start = self.at;
        let word = self.word("a number")?;
        word.parse().map_err(|_| InvalidType { text: self.text.to_owned(), at: start, expected: "a number" })
    }

    fn length(&mut self) -> Result<u32, InvalidType> {
        self.require('(', "a length in parentheses")?;
        let length = self.number()?;
        self.require(')', "a closing parenthesis")?;
        Ok(length)
    }

    fn r#type(&mut self) -> Result<OdpsType, InvalidType> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.expected("less nesting"));
        }
        let word = self.word("a type")?;
        let parsed = match word.to_ascii_uppercase().as_str() {
            "BOOLEAN" => OdpsType::Boolean,
            "TINYINT" => OdpsType::Tinyint,
            "SMALLINT" => OdpsType::Smallint,
            "INT" => OdpsType::Int,
            "BIGINT" => OdpsType::Bigint,
            "FLOAT" => OdpsType::Float,
            "DOUBLE" => OdpsType::Double,
            "STRING" => OdpsType::String,
            "BINARY" => OdpsType::Binary,
            "DATE" => OdpsType::Date,
            "DATETIME" => OdpsType::Datetime,
            "TIMESTAMP" => OdpsType::Timestamp,
            "TIMESTAMP_NTZ" => OdpsType::TimestampNtz,
            "JSON" => OdpsType::Json,
            "CHAR" => OdpsType::Char(self.length()?),
            "VARCHAR" => OdpsType::Varchar(self.length()?),
            "DECIMAL" => self.decimal()?,
            "ARRAY" => {
                self.require('<', "`<`")?;
                let element = self.r#type()?;
                self.require('>', "`>`")?;
                OdpsType::Array(Box::new(element))
            }
            "MAP" => {
                self.require('<', "`<`")?;
                let key = self.r#type()?;
                self.require(',', "`,`")?;
                let value = self.r#type()?;
                self.require('>', "`>`")?;
                OdpsType::Map(Box::new(key), Box::new(value))
            }
            "STRUCT" => self.fields()?,
            _ => OdpsType::Other(word.to_owned()),
        };
        self.depth -= 1;
        Ok(parsed)
    }

    fn decimal(&mut self) -> Result<OdpsType, InvalidType> {
        if !self.eat('(') {
            return Ok(OdpsType::Decimal(54, 18));
        }
        let precision = self.number()?;
        let scale = if self.eat(',') { self.number()? } else { 0 };
        self.require(')', "a closing parenthesis")?;
        Ok(OdpsType::Decimal(precision, scale))
    }

    fn fields(&mut self) -> Result<OdpsType, InvalidType> {
        self.require('<', "`<`")?;
        let mut fields = Vec::new();
        loop {
            let name = self.name()?;
            self.require(':', "`:`")?;
            fields.push((name, self.r#type()?));
            if !self.eat(',') {
                break;
            }
        }
        self.require('>', "`>`")?;
        Ok(OdpsType::Struct(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "BIGINT",
            "DECIMAL",
            "DECIMAL(38,18)",
            "VARCHAR(65535)",
            "TIMESTAMP_NTZ",
            "ARRAY<MAP<STRING,DECIMAL(10,2)>>",
            "STRUCT<`a`:INT,`select`:ARRAY<STRUCT<`x y``z`:DATE>>>",
        ] {
            assert_eq!(OdpsType::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn case_blanks_and_quotes_make_no_difference() {
        let parsed = OdpsType::parse(" struct< A : bigint , b:decimal ( 10 , 2 ) >").unwrap();
        assert_eq!(parsed, OdpsType::parse("STRUCT<`a`:BIGINT,`B`:DECIMAL(10,2)>").unwrap());
        assert_ne!(parsed, OdpsType::parse("STRUCT<a:BIGINT,b:DECIMAL(10,3)>").unwrap());
        assert_ne!(OdpsType::parse("CHAR(3)").unwrap(), OdpsType::parse("CHAR(4)").unwrap());
    }

    #[test]
    fn a_type_of_tomorrow_is_kept_by_name() {
        assert_eq!(OdpsType::parse("geography").unwrap(), OdpsType::Other("geography".to_owned()));
    }

    #[test]
    fn what_is_no_type_is_refused_with_its_place() {
        for text in [
            "",
            "ARRAY<",
            "ARRAY<INT",
            "MAP<INT>",
            "CHAR",
            "DECIMAL(x)",
            "DECIMAL(999,2)",
            "STRUCT<>",
            "INT INT",
            "STRUCT<`a:INT>",
        ] {
            assert!(OdpsType::parse(text).is_err(), "{text}");
        }
        let error = OdpsType::parse("MAP<INT>").unwrap_err();
        assert_eq!(error.to_string(), "`MAP<INT>` is no MaxCompute type: `,` expected at byte 7");
        assert!(OdpsType::parse(&"ARRAY<".repeat(10_000)).is_err());
    }
}
