use std::fmt::Display;

use hyper::StatusCode;
use quick_xml::escape::escape;

use crate::http::Response;

const STYLE: &str = "body{font:14px/1.4 sans-serif;margin:2em auto;max-width:80em;padding:0 1em}\
                     table{border-collapse:collapse;margin-bottom:2em}\
                     td,th{border:1px solid #bbb;padding:.2em .6em;text-align:left;vertical-align:top}\
                     th{background:#eee}td.n{text-align:right}i{color:#888}";

/// Text that is to be read, not to be markup.
pub(super) fn text(text: impl Display) -> String {
    escape(text.to_string()).into_owned()
}

pub(super) fn page(title: &str, body: &str) -> Response {
    let title = text(title);
    Response::html(
        StatusCode::OK,
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
        ),
    )
}

/// A table of cells that are markup already; a title says so if there are no rows.
pub(super) fn table(title: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let title = text(title);
    if rows.is_empty() {
        return format!("<h2>{title}</h2><p><i>none</i></p>");
    }
    let head: String = head.iter().map(|cell| format!("<th>{cell}</th>")).collect();
    let row = |cells: &Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        format!("<tr>{cells}</tr>")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<h2>{title}</h2><table><tr>{head}</tr>{rows}</table>")
}

/// Cells of a table's head.
pub(super) fn head(names: &[&str]) -> Vec<String> {
    names.iter().map(text).collect()
}
