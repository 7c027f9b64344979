//! Pieces of XML documents.

use std::fmt::Display;
use std::time::SystemTime;

use quick_xml::escape::escape;

/// `<name>text</name>`, escaped.
pub(super) fn element(name: &str, text: impl Display) -> String {
    format!("<{name}>{}</{name}>", escape(text.to_string()))
}

/// `<name>time</name>` as an HTTP date.
pub(super) fn time(name: &str, time: SystemTime) -> String {
    element(name, httpdate::fmt_http_date(time))
}

/// A CDATA section; `]]>` inside the text is split over two of them.
pub(super) fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out_of_its_element() {
        assert_eq!(element("A", "<b>&'\""), "<A>&lt;b&gt;&amp;&apos;&quot;</A>");
        assert_eq!(cdata("a]]>b"), "<![CDATA[a]]]]><![CDATA[>b]]>");
    }
}
