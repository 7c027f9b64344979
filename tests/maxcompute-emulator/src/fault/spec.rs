use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as NameError, StrDeserializer};

use super::injection::{Cut, Injection, Move, Refusal};
use super::occurrence::Occurrence;
use super::pattern::Pattern;
use crate::http::Operation;

/// A fault, read from its line of words; [`Display`](fmt::Display) gives the line back.
///
/// ```
/// # use maxcompute_emulator::Fault;
/// let fault: Fault = "operation=write-upsert nth=2 status=503".parse()?;
/// assert_eq!(fault.to_string(), "operation=write-upsert nth=2 status=503");
/// assert!("nth=0 reset=after".parse::<Fault>().is_err());
/// # Ok::<(), maxcompute_emulator::FaultError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    text: String,
    pub(super) pattern: Pattern,
    pub(super) occurrence: Occurrence,
    pub(super) injection: Injection,
}

/// Why a line is no fault.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// A word that means nothing.
    #[error("`{0}` is no word of a fault; write for instance `operation=write-upsert nth=2 status=503`")]
    UnknownWord(String),
    /// A word with a value that it cannot have.
    #[error("`{word}` cannot be `{value}`; it must be {expected}")]
    Value {
        /// Word before the equals sign.
        word: String,
        /// What stood behind it.
        value: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// An operation that does not exist; the message names those that do.
    #[error("operation: {0}")]
    Operation(String),
    /// Nothing would happen.
    #[error(
        "the fault says which requests it meets but not what happens; add for instance status=503, reset=after or delay=100"
    )]
    NoEffect,
    /// Words for a refusal that has no status.
    #[error(
        "code, message, header, retry-after and processed belong to a refusal; add status=503 or another"
    )]
    NoStatus,
    /// A quotation mark without its partner.
    #[error("a quotation mark has no partner in `{0}`")]
    OpenQuote(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let text = text.trim();
        let mut fault = Self {
            text: text.to_owned(),
            pattern: Pattern::default(),
            occurrence: Occurrence::Every(1),
            injection: Injection::default(),
        };
        let (mut refusal, mut status, mut refused) = (Refusal::default(), None, false);
        let mut happens = false;
        for word in split_words(text)? {
            let (name, value) = word.split_once('=').unwrap_or((&word, ""));
            let number = |least: u64| parse_number(name, value, least);
            let milliseconds = || number(0).map(Duration::from_millis);
            let bad = |expected| bad_value(name, value, expected);
            match name {
                "operation" => fault.pattern.operation = Some(operation(value)?),
                "method" => fault.pattern.method = Some(value.to_uppercase()),
                "path" => fault.pattern.path = Some(value.to_owned()),
                "param" => {
                    let (name, value) = value.split_once(':').map_or((value, None), |(n, v)| (n, Some(v)));
                    fault.pattern.parameters.push((name.to_owned(), value.map(str::to_owned)));
                }
                "nth" => fault.occurrence = Occurrence::Nth(number(1)?),
                "first" => fault.occurrence = Occurrence::First(number(1)?),
                "every" => fault.occurrence = Occurrence::Every(number(1)?),
                "status" => {
                    let code = value.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
                    status = Some(code.filter(|code| code.as_u16() >= 200).ok_or_else(|| bad("200 to 999"))?);
                }
                "code" => (refusal.code, refused) = (value.to_owned(), true),
                "message" => (refusal.message, refused) = (value.to_owned(), true),
                "header" => {
                    let header = value.split_once(':').and_then(|(name, value)| {
                        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
                    });
                    refusal.headers.push(header.ok_or_else(|| bad("NAME:VALUE"))?);
                    refused = true;
                }
                "retry-after" => {
                    refusal.headers.push((RETRY_AFTER, HeaderValue::from(number(0)?)));
                    refused = true;
                }
                "processed" => (fault.injection.processed, refused) = (true, true),
                "delay" => fault.injection.delay = milliseconds()?,
                "delay-answer" => fault.injection.delay_answer = milliseconds()?,
                "reset" => {
                    fault.injection.cut = Some(match value {
                        "before" => Cut::BeforeBody,
                        "middle" => Cut::InBody,
                        "after" => Cut::BeforeAnswer,
                        _ => return Err(bad("before, middle or after")),
                    });
                }
                "half-response" => fault.injection.cut = Some(Cut::InAnswer),
                "committing" | "closing" | "initiating" | "running" => {
                    let looks = number(1)?;
                    fault.injection.unfinished =
                        u32::try_from(looks).map_err(|_| bad("a number below 2^32"))?;
                }
                "fail" => fault.injection.failure = Some(value.to_owned()),
                "session-lost" => fault.injection.session_lost = true,
                "slot-moved" => {
                    fault.injection.slot_moved = Some(match value {
                        "" => Move::Told,
                        "silent" => Move::Silent,
                        _ => return Err(bad("absent or silent")),
                    });
                }
                _ => return Err(FaultError::UnknownWord(word)),
            }
            happens |= !matches!(name, "operation" | "method" | "path" | "param" | "nth" | "first" | "every");
        }
        if !happens {
            return Err(FaultError::NoEffect);
        }
        match status {
            Some(status) => fault.injection.refusal = Some(refusal.complete(status)),
            None if refused => return Err(FaultError::NoStatus),
            None => {}
        }
        fault.injection.sources.push(fault.text.clone());
        Ok(fault)
    }
}

impl Refusal {
    /// Fills in what was not written: the code that the status usually has, and a sentence.
    fn complete(self, status: StatusCode) -> Self {
        let code = match (self.code, status.as_u16()) {
            (code, _) if !code.is_empty() => code,
            (_, 308) => "SlotReassigned".to_owned(),
            (_, 401) => "Unauthorized".to_owned(),
            (_, 403) => "NoPermission".to_owned(),
            (_, 404) => "NoSuchObject".to_owned(),
            (_, 429) => "FlowExceeded".to_owned(),
            (_, 400..500) => "InvalidArgument".to_owned(),
            _ => "InternalServerError".to_owned(),
        };
        let message = match self.message {
            message if message.is_empty() => format!("a fault was asked for: status {}", status.as_u16()),
            message => message,
        };
        Self { status, code, message, headers: self.headers }
    }
}

fn bad_value(word: &str, value: &str, expected: &'static str) -> FaultError {
    FaultError::Value { word: word.to_owned(), value: value.to_owned(), expected }
}

fn parse_number(word: &str, value: &str, least: u64) -> Result<u64, FaultError> {
    let expected = if least == 0 { "a number" } else { "a number from 1 on" };
    value.parse().ok().filter(|number| *number >= least).ok_or_else(|| bad_value(word, value, expected))
}

/// An operation by the name that the journal gives it.
fn operation(name: &str) -> Result<Operation, FaultError> {
    let deserializer: StrDeserializer<'_, NameError> = name.into_deserializer();
    Operation::deserialize(deserializer).map_err(|error| FaultError::Operation(error.to_string()))
}

/// Splits at blanks outside of quotation marks, which are dropped.
fn split_words(text: &str) -> Result<Vec<String>, FaultError> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    if quoted {
        return Err(FaultError::OpenQuote(text.to_owned()));
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        text.parse().unwrap()
    }

    #[test]
    fn a_refusal_is_read_with_its_code_message_and_headers() {
        let fault = fault(
            "operation=write-upsert method=put path=*/upserts param=bucketid:3 nth=2 status=429 retry-after=1 \
             message=\"slow down\"",
        );
        let refusal = fault.injection.refusal.unwrap();
        assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (429, "FlowExceeded"));
        assert_eq!(refusal.message, "slow down");
        assert_eq!(refusal.headers[0].1, "1");
        assert_eq!(fault.occurrence, Occurrence::Nth(2));
        assert_eq!(fault.pattern.operation, Some(Operation::WriteUpsert));
        assert_eq!(fault.pattern.parameters, [("bucketid".to_owned(), Some("3".to_owned()))]);
    }

    #[test]
    fn lines_that_mean_nothing_are_refused_with_what_would() {
        for (text, words) in [
            ("", "what happens"),
            ("operation=write-upsert", "what happens"),
            ("operation=write status=500", "write-upsert"),
            ("status=99", "200 to 999"),
            ("nth=0 status=500", "from 1 on"),
            ("reset=now", "before, middle or after"),
            ("code=X", "add status="),
            ("explode", "no word"),
            ("status=500 message=\"x", "partner"),
            ("status=500 header=x", "NAME:VALUE"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
