//! Quoting: identifiers and literals of MaxCompute SQL, and text of XML.

/// A name between backticks, always; a backtick inside is doubled.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string literal. Quotes, backslashes and line ends are escaped with a backslash; characters that XML 1.0 cannot
/// carry become blanks, since every statement travels in XML.
#[must_use]
pub fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_xml(c) => quoted.push(c),
            _ => quoted.push(' '),
        }
    }
    quoted.push('\'');
    quoted
}

/// Text of an XML element.
#[must_use]
pub fn xml_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // A parser would read a bare one as a line feed.
            '\r' => escaped.push_str("&#13;"),
            c if is_xml(c) => escaped.push(c),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}

/// Characters that XML 1.0 allows (XML 1.0, production 2).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backtick_in_a_name_is_doubled() {
        assert_eq!(identifier("a`; DROP TABLE x; --"), "`a``; DROP TABLE x; --`");
    }

    #[test]
    fn quotes_and_backslashes_cannot_end_a_literal() {
        assert_eq!(literal("it's"), r"'it\'s'");
        assert_eq!(literal(r"\"), r"'\\'");
        assert_eq!(literal(r"\' OR 1"), r"'\\\' OR 1'");
        assert_eq!(literal("a\nb\r\t\u{0}c"), r"'a\nb\r\t c'");
    }

    #[test]
    fn xml_text_is_read_back_as_it_was() {
        let text = "<a> & \"b\" 'c' ]]> \r\n中";
        let xml = format!("<x>{}</x>", xml_text(text));
        let document = roxmltree::Document::parse(&xml).unwrap();
        assert_eq!(document.root_element().text(), Some(text));
    }
}
